#pragma once
#include <memory>

#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/word_encoder.h"

namespace albert {

// BERT's basic tokenizer and WordPiece, which the Chinese releases use (albert.md 3.8): a piece a
// line. Error(kBadData) for an empty, doubled or undecodable line.
std::unique_ptr<const WordEncoder> make_word_piece(const std::string& name,
                                                   const std::string& vocabulary,
                                                   const TokenizerOptions& options);

}  // namespace albert
