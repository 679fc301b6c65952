#pragma once
inline int tokenizer_of_theirs() { return 4; }
