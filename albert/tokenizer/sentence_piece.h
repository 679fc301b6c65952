#pragma once
#include <memory>

#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/sentence_model.h"
#include "albert/tokenizer/word_encoder.h"

namespace albert {

// A SentencePiece vocabulary under ALBERT's rules: preprocessing before it, the digit-comma rule
// after it (docs/albert.md, tokenizer). Error(kBadData) "name: .." for a piece that is
// there twice.
std::unique_ptr<const WordEncoder> make_sentence_piece(const std::string& name, SentenceModel model,
                                                       const TokenizerOptions& options);

// Whether the digit-comma rule is for this piece: "2010,".
bool ends_in_digit_comma(std::string_view piece);

}  // namespace albert
