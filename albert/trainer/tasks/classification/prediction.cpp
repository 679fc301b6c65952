// Labels and scores of records, as JSON.
#include <nlohmann/json.hpp>
#include <set>

#include "albert/inference/text_classifier.h"
#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/stages.h"
#include "albert/trainer/tasks/rounding.h"

namespace albert {
namespace {

using nlohmann::ordered_json;

// The labels as keys of an object: a name that stands for several gets the number of each.
std::vector<std::string> keys_of(const std::vector<std::string>& labels) {
  const std::multiset<std::string> names(labels.begin(), labels.end());
  std::set<std::string> taken;
  std::vector<std::string> keys;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string number = " (" + std::to_string(i) + ")";
    std::string key = labels[i];
    if (names.count(key) > 1) key += number;
    while (!taken.insert(key).second) key += number;
    keys.push_back(key);
  }
  return keys;
}

class ClassificationPredictor final : public Predictor {
 public:
  explicit ClassificationPredictor(const PredictionRequest& request)
      : columns_(text_columns(request.options)),
        classifier_(
            TextClassifier::from_pretrained(request.model, request.model_options,
                                            {.max_seq_length = request.max_seq_length,
                                             .batch_size = request.batch_size,
                                             .truncation = truncation_of(request.options)})),
        keys_(keys_of(classifier_.labels())) {
    for (const auto& warning : classifier_.warnings()) request.warn(warning);
  }

  TableOptions table() const override { return columns_.table; }
  void check(const RecordReader& reader) const override { require_columns(reader, columns_); }
  void add(const Record& record) override {
    texts_.push_back(classifier_.encoder().encode(text_of(record, columns_)));
  }
  std::vector<std::string> answers() override {
    std::vector<std::string> answers;
    for (const Classification& result : classifier_.classify(texts_))
      answers.push_back(json_of(result).dump());
    texts_.clear();
    return answers;
  }

 private:
  ordered_json json_of(const Classification& result) const {
    ordered_json scores;
    for (size_t i = 0; i < keys_.size(); ++i) scores[keys_[i]] = seven_digits(result.scores[i]);
    if (classifier_.score_kind() == ScoreKind::kRaw)
      return keys_.size() == 1 ? ordered_json{{"score", seven_digits(result.score)}}
                               : ordered_json{{"scores", scores}};
    ordered_json answer = {{"label", result.label}, {"score", seven_digits(result.score)}};
    if (classifier_.score_kind() == ScoreKind::kSigmoid) answer["labels"] = labels_in(result);
    answer["probabilities"] = scores;
    return answer;
  }

  // Those that are more likely than not.
  std::vector<std::string> labels_in(const Classification& result) const {
    std::vector<std::string> labels;
    for (size_t i = 0; i < keys_.size(); ++i)
      if (result.scores[i] > 0.5) labels.push_back(keys_[i]);
    return labels;
  }

  TextColumns columns_;
  TextClassifier classifier_;
  std::vector<std::string> keys_;
  std::vector<TokenIds> texts_;
};

}  // namespace

std::unique_ptr<Predictor> make_classification_predictor(const PredictionRequest& request) {
  return std::make_unique<ClassificationPredictor>(request);
}

}  // namespace albert
