// Predictions against the right labels, as JSON and as text.
#include <nlohmann/json.hpp>
#include <sstream>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/classification/scores.h"
#include "albert/trainer/tasks/classification/stages.h"

namespace albert {
namespace {

namespace option = classification_options;
using nlohmann::ordered_json;

std::vector<PlacedLabel> read_gold(const std::filesystem::path& path, const std::string& column) {
  std::vector<PlacedLabel> gold;
  for (const auto& label : read_labels(path, column))
    gold.push_back({path.string() + ": example " + std::to_string(gold.size() + 1), label});
  return gold;
}

// Where the task names no labels, those of both files count: a class that only predictions have is
// never right.
TaskLabels labels_of_both(const std::vector<PlacedLabel>& gold,
                          const std::vector<PlacedLabel>& predicted) {
  std::vector<std::string> values;
  for (const auto* file : {&gold, &predicted})
    for (const PlacedLabel& label : *file) values.push_back(label.label);
  return labels_found(values);
}

std::vector<int64_t> classes_of(const std::vector<PlacedLabel>& placed, const TaskLabels& labels) {
  std::vector<int64_t> classes;
  for (const PlacedLabel& one : placed) {
    const auto at = find_label(labels, one.label);
    if (!at)
      fail(ErrorCode::kBadData, one.place, ": found the label ", in_quotes(one.label), ", wanted ",
           one_of(names_of(labels)));
    classes.push_back(static_cast<int64_t>(*at));
  }
  return classes;
}

ordered_json json_of(const ClassificationScores& s, const TaskLabels& labels) {
  ordered_json f1, confusion;
  for (size_t i = 0; i < labels.size(); ++i) {
    f1[labels[i].name] = s.f1[i];
    for (size_t j = 0; j < labels.size(); ++j)
      confusion[labels[i].name][labels[j].name] = s.confusion[i][j];
  }
  return {{"examples", s.examples},
          {"accuracy", s.accuracy},
          {"macro_f1", s.macro_f1},
          {"matthews_correlation", s.matthews_correlation},
          {"f1", f1},
          {"confusion", confusion}};
}

std::string text_of(const ordered_json& scores) {
  std::ostringstream out;
  for (const char* name : {"examples", "accuracy", "macro_f1", "matthews_correlation"})
    out << name << " " << scores.at(name) << "\n";
  for (const auto& [label, row] : scores.at("confusion").items()) {
    out << "is " << label << ":";
    for (const auto& [predicted, count] : row.items()) out << "  " << predicted << " " << count;
    out << "  (F1 " << scores.at("f1").at(label) << ")\n";
  }
  return out.str();
}

}  // namespace

ScoreReport score_classification(const ScoringRequest& request) {
  const auto gold = read_gold(request.gold, request.options.get<std::string>(option::kLabelColumn));
  const auto& named = request.options.get<std::string>(option::kLabels);
  TaskLabels labels;
  if (!named.empty()) labels = parse_labels(named);
  const auto predicted = read_predictions(request.predictions, labels);
  if (predicted.size() != gold.size())
    fail(ErrorCode::kBadData, request.predictions.string(), ": found ", predicted.size(),
         " predictions, wanted ", gold.size(), ", one for each example of ", request.gold.string());
  if (named.empty()) labels = labels_of_both(gold, predicted);
  const auto right = classes_of(gold, labels), classes = classes_of(predicted, labels);
  const ordered_json scores =
      json_of(classification_scores(classes, right, static_cast<int64_t>(labels.size())), labels);
  return {scores.dump(), text_of(scores)};
}

}  // namespace albert
