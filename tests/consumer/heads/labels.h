#pragma once
inline int labels_of_theirs() { return 2; }
