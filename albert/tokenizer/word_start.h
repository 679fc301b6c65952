#pragma once
#include <string_view>

namespace albert {

// Whether Google's whole-word masking begins a word at this piece of a SentencePiece vocabulary
// (_is_start_piece_sp of create_pretraining_data.py): it begins with U+2581 or <, is one mark of
// punctuation, or holds a character that is neither such a mark nor an ASCII letter.
bool starts_word_by_google(std::string_view piece);

}  // namespace albert
