#pragma once
#include <span>
#include <string_view>

#include "albert/heads/sequence_classification.h"
#include "albert/inference/text_encoder.h"

namespace albert {

// What a classifier says of one text.
struct Classification {
  std::string label;           // of the highest score
  double score = 0;            // its score
  std::vector<double> scores;  // [num_labels], in the order of labels()
  std::vector<float> outputs;  // [num_labels] of the model, before soft-max or sigmoid
};

// What the scores are, as transformers' text-classification pipeline has them: probabilities of
// which one label is right (soft-max), of each label alone (sigmoid: problem_type
// "multi_label_classification", or a single output), or the outputs themselves ("regression").
enum class ScoreKind : uint8_t { kSoftmax, kSigmoid, kRaw };
ScoreKind score_kind_of(const AlbertConfig& config);

struct TextClassifierOptions {
  std::optional<int64_t> max_seq_length = {};  // without it 512, or fewer where the model has fewer
  int64_t batch_size = 32;                     // texts at once
  Truncation truncation = Truncation::kLongestFirst;  // of texts that are longer
};

// A fine-tuned folder as a function from texts to labels. One thread at a time may use it.
class TextClassifier {
 public:
  // Reads the model, its tokenizer and its label names. Errors are those of the head's
  // from_pretrained, of the tokenizer's, and of TextEncoder.
  static TextClassifier from_pretrained(const std::filesystem::path& folder,
                                        const ModelOptions& model = {},
                                        const TextClassifierOptions& options = {});

  Classification classify(std::string_view text);
  Classification classify(std::string_view text, std::string_view pair);
  // The results in the order of the texts. Error(kBadData) for text that is not UTF-8,
  // Error(kMismatch) where an output is not finite.
  std::vector<Classification> classify(std::span<const TextPair> texts);
  std::vector<Classification> classify(std::span<const TokenIds> texts);

  const TextEncoder& encoder() const { return encoder_; }
  const AlbertForSequenceClassification& model() const { return model_; }
  ScoreKind score_kind() const { return score_kind_; }
  const std::vector<std::string>& labels() const { return labels_; }  // id2label, by id
  // What was odd about the folder, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  TextClassifier(const std::filesystem::path& folder, TextEncoder encoder,
                 AlbertForSequenceClassification model, int64_t batch_size);
  void classify_batch(std::span<const TokenIds> texts, std::span<const size_t> which,
                      std::vector<Classification>& results);
  Classification result_of(std::span<const float> outputs) const;

  std::string folder_;
  TextEncoder encoder_;
  AlbertForSequenceClassification model_;
  int64_t batch_size_;
  ScoreKind score_kind_;
  std::vector<std::string> labels_, warnings_;
};

}  // namespace albert
