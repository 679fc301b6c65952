#include "albert/inference/text_classifier.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/inference/batches.h"

namespace albert {
namespace {

std::vector<double> scores_of(std::span<const float> outputs, ScoreKind kind) {
  if (kind == ScoreKind::kSoftmax) return softmax(outputs);
  std::vector<double> scores(outputs.begin(), outputs.end());
  if (kind == ScoreKind::kSigmoid)
    for (double& value : scores) value = 1 / (1 + std::exp(-value));
  return scores;
}

std::vector<std::string> labels_of(const AlbertConfig& config) {
  std::vector<std::string> labels;
  for (const auto& [id, name] : config.id2label) labels.push_back(name);
  return labels;
}

// Says which names stand for more than one label.
void warn_of_doubled(const std::vector<std::string>& labels, std::vector<std::string>& warnings) {
  std::set<std::string> names, doubled;
  for (const std::string& name : labels)
    if (!names.insert(name).second && doubled.insert(name).second)
      warnings.push_back("id2label has the name " + in_quotes(name) + " more than once");
}

}  // namespace

ScoreKind score_kind_of(const AlbertConfig& config) {
  if (config.problem_type == "regression") return ScoreKind::kRaw;
  const bool alone =
      config.problem_type == "multi_label_classification" || config.num_labels() == 1;
  return alone ? ScoreKind::kSigmoid : ScoreKind::kSoftmax;
}

TextClassifier TextClassifier::from_pretrained(const std::filesystem::path& folder,
                                               const ModelOptions& model,
                                               const TextClassifierOptions& options) {
  if (options.batch_size < 1)
    fail(ErrorCode::kUsage, "batch_size ", options.batch_size, ": wanted 1 or more");
  TextEncoder encoder(Tokenizer::from_pretrained(folder), AlbertConfig::from_folder(folder),
                      options.max_seq_length, TextEncoder::kUsualLength, options.truncation);
  return {folder, std::move(encoder),
          AlbertForSequenceClassification::from_pretrained(folder, model), options.batch_size};
}

TextClassifier::TextClassifier(const std::filesystem::path& folder, TextEncoder encoder,
                               AlbertForSequenceClassification model, int64_t batch_size)
    : folder_(folder.string()),
      encoder_(std::move(encoder)),
      model_(std::move(model)),
      batch_size_(batch_size),
      score_kind_(score_kind_of(model_.config())),
      labels_(labels_of(model_.config())),
      warnings_(model_.load_report().warnings) {
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
  warn_of_doubled(labels_, warnings_);
}

Classification TextClassifier::classify(std::string_view text) {
  const TextPair one{std::string(text)};
  return classify(std::span(&one, 1)).front();
}

Classification TextClassifier::classify(std::string_view text, std::string_view pair) {
  const TextPair one{std::string(text), std::string(pair)};
  return classify(std::span(&one, 1)).front();
}

std::vector<Classification> TextClassifier::classify(std::span<const TextPair> texts) {
  std::vector<TokenIds> encoded;
  for (const TextPair& text : texts) encoded.push_back(encoder_.encode(text));
  return classify(encoded);
}

std::vector<Classification> TextClassifier::classify(std::span<const TokenIds> texts) {
  std::vector<Classification> results(texts.size());
  std::vector<size_t> lengths;
  for (const TokenIds& text : texts) lengths.push_back(text.input_ids.size());
  for_batches_by_length(lengths, batch_size_, [&](std::span<const size_t> which) {
    classify_batch(texts, which, results);
  });
  return results;
}

void TextClassifier::classify_batch(std::span<const TokenIds> texts, std::span<const size_t> which,
                                    std::vector<Classification>& results) {
  Sequences batch;
  for (const size_t i : which) {
    batch.input_ids.push_back(texts[i].input_ids);
    batch.token_type_ids.push_back(texts[i].token_type_ids);
  }
  const HostTensor outputs = model_.forward(batch).logits.to(DType::kF32);
  for (size_t row = 0; row < which.size(); ++row)
    results[which[row]] = result_of(outputs.row<float>(static_cast<int64_t>(row)));
}

Classification TextClassifier::result_of(std::span<const float> outputs) const {
  check_finite(outputs, folder_ + ": ");
  std::vector<double> scores = scores_of(outputs, score_kind_);
  const auto best = std::max_element(scores.begin(), scores.end());
  return {labels_[static_cast<size_t>(best - scores.begin())], *best, std::move(scores),
          std::vector<float>(outputs.begin(), outputs.end())};
}

}  // namespace albert
