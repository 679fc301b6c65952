#pragma once
inline int tensor_of_theirs() { return 3; }
