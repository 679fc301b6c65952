#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/heads/masked_lm.h"
#include "albert/heads/pretraining.h"
#include "albert/inference/text_encoder.h"

namespace albert {

// What of a token's context is masked while it is scored: itself alone (Salazar et al. 2020), or
// also the later pieces of its word, which else give it away (Kauf & Ivanova 2023).
enum class PllMetric : uint8_t { kOriginal, kWithinWordL2R };
// "original", "within_word_l2r". Error(kUsage) that lists them.
PllMetric pll_metric_named(const std::string& name);

// How likely a model of masked words takes a text to be.
struct PseudoLikelihood {
  double pll = 0;                 // the sum of log_probs
  std::vector<double> log_probs;  // of each token, without [CLS] and [SEP]: natural logarithms
};

struct SentenceScorerOptions {
  std::optional<int64_t> max_seq_length = {};  // without it the model's positions
  int64_t batch_tokens = 4096;                 // at once; a longer text is a batch of its own
  PllMetric metric = PllMetric::kOriginal;
};

// Pseudo-log-likelihoods by a pre-trained folder. One thread at a time may use it.
class PseudoLikelihoodScorer {
 public:
  // Errors are those of AlbertForMaskedLM::from_pretrained, of the tokenizer's, and of TextEncoder.
  static PseudoLikelihoodScorer from_pretrained(const std::filesystem::path& folder,
                                                const ModelOptions& model = {},
                                                const SentenceScorerOptions& options = {});

  // Error(kBadData) for text that is not UTF-8, kMismatch where an output is not finite.
  PseudoLikelihood score(std::string_view text);
  std::vector<PseudoLikelihood> score(std::span<const TokenIds> texts);
  TokenIds encode(std::string_view text) const { return encoder_.encode({std::string(text)}); }

  const TextEncoder& encoder() const { return encoder_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  PseudoLikelihoodScorer(const std::filesystem::path& folder, TextEncoder encoder,
                         AlbertForMaskedLM model, const SentenceScorerOptions& options);
  std::vector<int32_t> masked(const TokenIds& text, size_t token) const;

  std::string folder_;
  TextEncoder encoder_;
  AlbertForMaskedLM model_;
  SentenceScorerOptions options_;
  std::vector<std::string> warnings_;
};

// How likely the second text of a pair follows the first, by the head of sentence order of a folder
// of pre-training. One thread at a time may use it.
class SentenceOrderScorer {
 public:
  static SentenceOrderScorer from_pretrained(const std::filesystem::path& folder,
                                             const ModelOptions& model = {},
                                             const SentenceScorerOptions& options = {});

  double score(std::string_view first, std::string_view second);
  // Probabilities, in the order of the pairs.
  std::vector<double> score(std::span<const TokenIds> pairs);
  TokenIds encode(std::string_view first, std::string_view second) const {
    return encoder_.encode({std::string(first), std::string(second)});
  }

  const TextEncoder& encoder() const { return encoder_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  SentenceOrderScorer(const std::filesystem::path& folder, TextEncoder encoder,
                      AlbertForPreTraining model, int64_t batch_tokens);

  std::string folder_;
  TextEncoder encoder_;
  AlbertForPreTraining model_;
  int64_t batch_tokens_;
  std::vector<std::string> warnings_;
};

}  // namespace albert
