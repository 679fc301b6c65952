#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "albert/engine/model/config.h"
#include "albert/tokenizer/tokenizer.h"

namespace albert {

// A text, and the second one that belongs to it where there are two: premise and hypothesis.
struct TextPair {
  std::string text;
  std::optional<std::string> pair = {};
};

// A text or pair as a model takes it: both lists have one entry for each token.
struct TokenIds {
  std::vector<int32_t> input_ids, token_type_ids;
  bool truncated = false;
};

// Text to ids for one model: no longer than it takes, and all of them in its table of words.
class TextEncoder {
 public:
  static constexpr int64_t kUsualLength = 512;

  // `max_seq_length` counts [CLS] and [SEP]; without it texts are cut to `usual_length`, or to the
  // model's positions where it has fewer. Error(kUsage) where no word finds room, or the model has
  // fewer positions than that; Error(kMismatch) for a tokenizer with more pieces than the model has
  // words.
  TextEncoder(std::shared_ptr<const Tokenizer> tokenizer, const AlbertConfig& config,
              std::optional<int64_t> max_seq_length = {}, int64_t usual_length = kUsualLength,
              Truncation truncation = Truncation::kLongestFirst);

  // Truncated as the constructor was told. Error(kBadData) for text that is not UTF-8,
  // Error(kUsage) for a pair where max_seq_length has no room for a word of each.
  TokenIds encode(const TextPair& text) const;

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  int64_t max_seq_length() const { return max_seq_length_; }
  // Says that the tokenizer has fewer pieces than the model has words; empty where they are equal.
  const std::string& warning() const { return warning_; }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t max_seq_length_;
  Truncation truncation_;
  std::string warning_;
};

// Error(kUsage) "NAME N: wanted .." where [CLS], [SEP] and a word of each text do not fit into
// `length` ids.
void check_room(const std::string& name, int64_t length, bool pair);

}  // namespace albert
