#pragma once
#include <functional>
#include <string>

#include "albert/tokenizer/preprocess.h"

namespace albert {

// How ALBERT's vocabulary was trained (docs/albert.md 3.1).
struct VocabularyOptions {
  int64_t vocab_size = 30000;
  double character_coverage = 0.99995;
  int64_t input_sentence_size =
      10'000'000;  // lines, drawn from all; SentencePiece holds them in memory
  uint64_t seed = 42;
  TokenizerOptions preprocessing = {};  // the text is prepared as it will be for encoding
};

// The bytes of a spiece.model. `next_line` gives lines of valid UTF-8 until it returns false. The
// same bytes for the same lines and options. Error, in SentencePiece's words, e.g. for a
// vocab_size that the text cannot fill.
std::string train_vocabulary(const std::function<bool(std::string&)>& next_line,
                             const VocabularyOptions& options);

}  // namespace albert
