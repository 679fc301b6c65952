#pragma once
// Properties and forms of code points as Rust and the `tokenizers` library have them.
#include "albert/tokenizer/pipeline/points.h"

namespace albert {

enum class NormalForm : uint8_t { kNfc, kNfd, kNfkc, kNfkd };

Points normal_form(const Points& text, NormalForm form);
// Code point by code point: no final sigma.
Points lower_case(const Points& text);

bool is_white_space(int32_t code);     // Unicode's White_Space, Rust's char::is_whitespace
bool is_punctuation(int32_t code);     // ASCII's symbols and Unicode's category P
bool is_numeric(int32_t code);         // category N
bool is_word(int32_t code);            // Oniguruma's \w: letters, marks, digits, connectors
bool is_word_or_joiner(int32_t code);  // \w of Rust's regex
bool is_combining(int32_t code);       // category M
bool is_nonspacing(int32_t code);      // category Mn
bool is_other(int32_t code);           // category C, but for what is not assigned
bool is_control(int32_t code);         // categories Cc and Cf
bool is_chinese(int32_t code);         // the ranges of BERT
// Whether its category is, say, 'L' 'u'; `minor` 0: any that begins with `major`.
bool is_general_category(int32_t code, char major, char minor);

int32_t lower_of(int32_t code);
int32_t upper_of(int32_t code);

}  // namespace albert
