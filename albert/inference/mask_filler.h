#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/heads/masked_lm.h"
#include "albert/inference/text_encoder.h"

namespace albert {

// A word for a mask, as transformers' fill-mask pipeline gives it.
struct MaskCandidate {
  double score = 0;       // its probability
  int32_t token = 0;      // its id
  std::string token_str;  // as text
  // The text with it; other masks stay, and then [CLS] and [SEP] are there, too.
  std::string sequence;
};

struct MaskFillerOptions {
  std::optional<int64_t> max_seq_length = {};  // without it the model's positions
  int64_t batch_tokens = 4096;                 // at once; a longer text is a batch of its own
};

// A pre-trained folder, of masked words or of pre-training, as a function from texts with [MASK] to
// words. One thread at a time may use it; encode() any number.
class MaskFiller {
 public:
  using Candidates = std::vector<MaskCandidate>;  // of one mask, the best first

  // Errors are those of AlbertForMaskedLM::from_pretrained, of the tokenizer's, and of TextEncoder.
  static MaskFiller from_pretrained(const std::filesystem::path& folder,
                                    const ModelOptions& model = {},
                                    const MaskFillerOptions& options = {});

  // The top_k words of each mask of the text, each mask for itself; with targets the best of these.
  // Error(kBadData) for text without a mask, where a mask is behind max_seq_length, and for text
  // that is not UTF-8; Error(kUsage) for top_k below 1, Error(kMismatch) where an output is not
  // finite.
  std::vector<Candidates> fill(std::string_view text, int64_t top_k = 5,
                               std::span<const std::string> targets = {});
  // The same of each of these, which encode() made; `targets` are ids.
  std::vector<std::vector<Candidates>> fill(std::span<const TokenIds> texts, int64_t top_k = 5,
                                            std::span<const int32_t> targets = {});
  TokenIds encode(std::string_view text) const;
  // The ids of these words, each once; of a word of several pieces the first, as in the pipeline,
  // with a line in `notes`. Error(kUsage) for one of no piece.
  std::vector<int32_t> target_ids(std::span<const std::string> targets,
                                  std::vector<std::string>* notes = nullptr) const;

  const TextEncoder& encoder() const { return encoder_; }
  const AlbertForMaskedLM& model() const { return model_; }
  // What was odd about the folder, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  MaskFiller(const std::filesystem::path& folder, TextEncoder encoder, AlbertForMaskedLM model,
             int64_t batch_tokens);
  Candidates best(std::span<const float> logits, const TokenIds& text, size_t mask, bool alone,
                  int64_t top_k, std::span<const int32_t> targets) const;
  std::vector<size_t> masks_of(const TokenIds& text) const;

  std::string folder_;
  TextEncoder encoder_;
  AlbertForMaskedLM model_;
  int64_t batch_tokens_;
  std::vector<std::string> warnings_;
};

}  // namespace albert
