#pragma once
// Inside of Tokenizer, shared by tokenizer.cpp and tokenizer_files.cpp.
#include <array>

#include "albert/tokenizer/tokenizer.h"
#include "albert/tokenizer/word_cache.h"
#include "albert/tokenizer/word_encoder.h"

namespace albert {

struct Tokenizer::State {
  std::unique_ptr<const WordEncoder> encoder;
  TokenizerOptions options;
  std::string sentence_model;  // bytes of spiece.model; empty for WordPiece
  std::string vocabulary;      // bytes of vocab.txt; empty for SentencePiece
  int32_t cls = 0, sep = 0, mask = 0, pad = 0, unk = 0;
  uint64_t fingerprint = 0;
  WordCaches caches;

  std::array<int32_t, 5> specials() const { return {pad, unk, cls, sep, mask}; }
};

}  // namespace albert
