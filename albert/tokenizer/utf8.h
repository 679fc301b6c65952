#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace albert {

// Returns the code point at text[at] and moves `at` behind it. Returns -1, and `at` stays, if the
// bytes are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
int32_t next_code_point(std::string_view text, size_t& at);
// The same for a loop over text that may be anything: a byte that is not UTF-8 counts as U+FFFD, so
// that every call moves `at`.
int32_t read_code_point(std::string_view text, size_t& at);
void append_utf8(std::string& text, int32_t code_point);

// The character at text[at] has this many bytes by its first one: 1 to 4, never past the end of the
// text, and 1 inside of a character, so that a loop over any bytes ends.
size_t bytes_of_char(std::string_view text, size_t at);

// The index of the first byte that is not UTF-8, or npos.
size_t invalid_utf8(std::string_view text);
int64_t count_code_points(std::string_view valid_utf8);
// The code points [begin, end) of the text, as far as it has them; empty where there are none.
std::string_view code_points(std::string_view valid_utf8, int64_t begin, int64_t end);

// Python's str.isspace(), by which str.split() cuts.
bool is_space(int32_t code_point);
bool is_blank(std::string_view text);  // nothing but such characters

// Python's \w: letters, numbers of every kind, and the underscore.
bool is_word_character(int32_t code_point);

// Whether this is a mark that combines with the character before it (Unicode's Mn, Mc and Me).
bool is_mark(int32_t code_point);

}  // namespace albert
