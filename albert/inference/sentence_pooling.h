#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace albert {

// How the hidden states of a text's tokens become one vector: the modes of sentence-transformers'
// Pooling, and kPooler, the model's own tanh(W h + b) of its first token.
enum class Pooling : uint8_t {
  kCls,           // the first token
  kMax,           // each feature's largest value
  kMean,          // the mean of all tokens, [CLS] and [SEP] among them
  kMeanSqrtLen,   // their sum, divided by the root of their number
  kWeightedMean,  // their mean weighted by 1, 2, 3, ..: later tokens count more
  kLastToken,     // the last token, [SEP]
  kPooler
};

// "cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", "pooler".
// Error(kUsage) that lists them for other names.
Pooling pooling_named(const std::string& name);
const std::string& name_of(Pooling pooling);
std::vector<std::string> pooling_names();

// Writes what `pooling` makes of the tokens' states [tokens, pooled.size()] to `pooled`. The first
// `skipped` tokens, those of a prompt, do not count; of no token that counts, sums are zero and the
// largest value is that of nothing, -inf. Not for kPooler.
void pool(Pooling pooling, std::span<const float> states, int64_t tokens, int64_t skipped,
          std::span<float> pooled);

}  // namespace albert
