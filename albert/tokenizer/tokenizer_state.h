#pragma once
// Inside of Tokenizer, shared by tokenizer.cpp and tokenizer_files.cpp.
#include <unordered_set>

#include "albert/tokenizer/added_tokens.h"
#include "albert/tokenizer/sequence_template.h"
#include "albert/tokenizer/special_tokens.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/tokenizer/word_cache.h"
#include "albert/tokenizer/word_encoder.h"

namespace albert {

struct Tokenizer::State {
  std::unique_ptr<const WordEncoder> encoder;
  TokenizerOptions options;
  SpecialIds special;
  std::unordered_set<int32_t> special_ids;  // of every token that decode() may leave out
  SequenceTemplate special_tokens;
  AddedTokens added;                      // cut out of text before the encoder sees it
  std::vector<std::string> added_pieces;  // behind the encoder's
  std::map<std::string, std::string> files;
  uint64_t fingerprint = 0;
  WordCaches caches;
};

}  // namespace albert
