#pragma once
#include <string>

#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/sentence_model.h"

namespace albert {

// tokenizer.json for the `tokenizers` library such that it gives the ids SentencePiece and the
// digit-comma rule give: pieces that end in digit and comma carry a penalty, user-defined symbols
// are no added tokens (golden/README.md).
std::string write_tokenizer_json(const SentenceModel& model, const TokenizerOptions& options);

// The vocabulary of such a file, penalties taken back; `options` (may be null) receives what its
// normaliser does. Error(kBadData) for anything but a Unigram model with a precompiled
// charsmap.
SentenceModel read_tokenizer_json(const std::string& name, const std::string& text,
                                  TokenizerOptions* options);

}  // namespace albert
