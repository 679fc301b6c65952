#pragma once
#include <string>

#include "albert/tokenizer/sentence_model.h"
#include "albert/tokenizer/special_tokens.h"

namespace albert {

// tokenizer.json for the `tokenizers` library such that it gives the ids SentencePiece and the
// digit-comma rule give: pieces that end in digit and comma carry a penalty, user-defined symbols
// are no added tokens.
std::string write_tokenizer_json(const SentenceModel& model, const TokenizerOptions& options,
                                 const ResolvedTokens& tokens);

// The same for a vocab.txt: the library's BertNormalizer, BertPreTokenizer and WordPiece. Of
// doubled pieces it knows the last, as the library does.
std::string write_tokenizer_json(const std::vector<std::string>& pieces,
                                 const TokenizerConfig& config, const ResolvedTokens& tokens);

}  // namespace albert
