#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace albert {

// The code point at text[at], which is moved behind it; -1 where the bytes are not UTF-8 (RFC 3629:
// no overlong forms, no surrogates, nothing above U+10FFFF), and `at` stays.
int32_t next_code_point(std::string_view text, size_t& at);
void append_utf8(std::string& text, int32_t code_point);

// How many bytes the character at text[at] has by its first byte: 1 to 4, never past the end of
// the text, and 1 inside of a character, so that a loop over any bytes ends.
size_t bytes_of_char(std::string_view text, size_t at);

// The first byte that is not UTF-8; npos for none.
size_t invalid_utf8(std::string_view text);
int64_t count_code_points(std::string_view valid_utf8);

// Python's str.isspace(), which str.split() goes by.
bool is_space(int32_t code_point);

// A mark that combines with the character before it (Unicode's categories Mn, Mc and Me).
bool is_mark(int32_t code_point);

}  // namespace albert
