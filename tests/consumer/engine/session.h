#pragma once
inline int session_of_theirs() { return 1; }
