#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "albert/heads/token_classification.h"
#include "albert/inference/entity_grouping.h"

namespace albert {

struct TokenClassifierOptions {
  TokenWindowOptions windows = {};
  Aggregation aggregation = Aggregation::kFirst;
  int64_t batch_size = 32;  // windows at once
};

// Outputs for every token of each text, each of the window that decides it; `batch_size` windows
// are computed at once.
std::vector<TokenLogits> token_logits(AlbertForTokenClassification& model,
                                      std::span<const WindowedText> texts, int64_t batch_size);

// A fine-tuned folder as a function from a text, or from words, to entities and labels. One thread
// at a time may use it.
class TokenClassifier {
 public:
  // Reads the model, its tokenizer and its label names. Errors are those of the head's
  // from_pretrained, of the tokenizer's, and of TokenWindowEncoder.
  static TokenClassifier from_pretrained(const std::filesystem::path& folder,
                                         const ModelOptions& model = {},
                                         const TokenClassifierOptions& options = {});

  // Texts may have any length. Error(kBadData) for text that is not UTF-8, Error(kMismatch) where
  // an output is not finite.
  std::vector<Entity> classify(std::string_view text);
  // With a label for every word. Models that were trained on words read them best.
  TokenClassification classify(std::span<const std::string> words);
  // In the order of the texts.
  std::vector<TokenClassification> classify(std::span<const WindowedText> texts);

  const TokenWindowEncoder& encoder() const { return encoder_; }
  const AlbertForTokenClassification& model() const { return model_; }
  const std::vector<std::string>& labels() const { return labels_; }  // id2label, by id
  // What was odd about the folder, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  TokenClassifier(TokenWindowEncoder encoder, AlbertForTokenClassification model,
                  const TokenClassifierOptions& options);

  TokenWindowEncoder encoder_;
  AlbertForTokenClassification model_;
  TokenClassifierOptions options_;
  std::vector<std::string> labels_, warnings_;
};

}  // namespace albert
