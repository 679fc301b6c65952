#include "albert/inference/text_encoder.h"

#include <algorithm>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr const char* kLength = "max_seq_length";

int64_t checked_length(std::optional<int64_t> wanted, int64_t usual, int64_t positions) {
  const int64_t length = wanted.value_or(std::min(usual, positions));
  check_room(kLength, length, false);
  if (length > positions)
    fail(ErrorCode::kUsage, kLength, " ", length, ": wanted at most ", positions,
         ", the positions of the model");
  return length;
}

std::string checked_sizes(const Tokenizer& tokenizer, const AlbertConfig& config) {
  const int64_t pieces = tokenizer.vocab_size(), words = config.vocab_size;
  if (pieces > words)
    fail(ErrorCode::kMismatch, "the tokenizer: found ", pieces, " pieces, wanted at most ", words,
         ", the model's vocab_size; use the tokenizer that the model was trained with");
  if (pieces == words) return "";
  return "the tokenizer has " + std::to_string(pieces) + " pieces, the model " +
         std::to_string(words) + " words (vocab_size)";
}

Encoding encoded(const Tokenizer& tokenizer, const TextPair& text, const EncodeOptions& options) {
  return text.pair ? tokenizer.encode(text.text, *text.pair, options)
                   : tokenizer.encode(text.text, options);
}

}  // namespace

void check_room(const std::string& name, int64_t length, bool pair) {
  const int64_t least = pair ? 5 : 3;
  if (length < least)
    fail(ErrorCode::kUsage, name, " ", length, ": wanted ", least, " or more, for ",
         pair ? "[CLS], a word, [SEP], a word, [SEP]" : "[CLS], a word, [SEP]");
}

TextEncoder::TextEncoder(std::shared_ptr<const Tokenizer> tokenizer, const AlbertConfig& config,
                         std::optional<int64_t> max_seq_length, int64_t usual_length,
                         Truncation truncation)
    : tokenizer_(std::move(tokenizer)),
      max_seq_length_(checked_length(max_seq_length, usual_length, config.max_position_embeddings)),
      truncation_(truncation),
      warning_(checked_sizes(*tokenizer_, config)) {}

TokenIds TextEncoder::encode(const TextPair& text) const {
  if (text.pair) check_room(kLength, max_seq_length_, true);
  Encoding e =
      encoded(*tokenizer_, text, {.truncation = truncation_, .max_length = max_seq_length_});
  const auto length = static_cast<int64_t>(e.input_ids.size());
  const bool truncated =
      length == max_seq_length_ &&
      static_cast<int64_t>(encoded(*tokenizer_, text, {}).input_ids.size()) > max_seq_length_;
  return {std::move(e.input_ids), std::move(e.token_type_ids), truncated};
}

}  // namespace albert
