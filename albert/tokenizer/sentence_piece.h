#pragma once
#include <memory>

#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/sentence_model.h"
#include "albert/tokenizer/word_encoder.h"

namespace albert {

// SentencePiece under ALBERT's rules: preprocessing before it, the digit-comma rule after it
// (albert.md 3.2 to 3.4). `model_bytes` is what parse_sentence_model() read `model` from.
// TokenizerError where SentencePiece refuses them.
std::unique_ptr<const WordEncoder> make_sentence_piece(const std::string& name,
                                                       const std::string& model_bytes,
                                                       SentenceModel model,
                                                       const TokenizerOptions& options);

// Whether the digit-comma rule is for this piece: "2010,".
bool ends_in_digit_comma(std::string_view piece);

}  // namespace albert
