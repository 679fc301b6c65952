// Predictions against the right answers, as JSON and as text.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "albert/base/error.h"
#include "albert/base/split.h"
#include "albert/trainer/tasks/classification/answers.h"
#include "albert/trainer/tasks/classification/predictions.h"
#include "albert/trainer/tasks/classification/stages.h"
#include "albert/trainer/tasks/scores/classes.h"

namespace albert {
namespace {

namespace option = classification_options;
using nlohmann::ordered_json;

struct Compared {
  Problem problem;
  TaskLabels labels;
  Answers predicted, right;
};

// Where the task names no labels, those of both files count: a class that only predictions have is
// never right.
TaskLabels labels_of_both(const std::vector<PlacedAnswer>& gold,
                          const std::vector<PlacedAnswer>& predicted) {
  std::vector<std::string> values;
  for (const auto* file : {&gold, &predicted})
    for (const PlacedAnswer& one : *file)
      values.insert(values.end(), one.labels.begin(), one.labels.end());
  return labels_found(values);
}

TaskLabels named_labels(const AnswerColumns& columns, const TaskOptions& options) {
  if (columns.problem == Problem::kRegression) return {};
  const auto& named = options.get<std::string>(option::kLabels);
  if (!named.empty()) return parse_labels(named);
  TaskLabels labels;
  for (const auto& name : columns.each) labels.push_back({name, name});
  return labels;
}

Compared compare(Problem problem, const ScoringRequest& request) {
  const AnswerColumns columns = answer_columns(problem, request.options);
  const auto gold = read_answers(request.gold, table_options(request.options), columns);
  TaskLabels labels = named_labels(columns, request.options);
  const auto predicted = read_predictions(request.predictions, problem, labels, gold.size());
  if (labels.empty() && problem != Problem::kRegression) labels = labels_of_both(gold, predicted);
  const Answers right = answers_in(problem, gold, labels);
  return {problem, labels, answers_in(problem, predicted, labels), right};
}

ordered_json details_of_classes(const Compared& c) {
  const auto classes = static_cast<int64_t>(c.labels.size());
  const Confusion confusion = confusion_of(classes_of(c.predicted), classes_of(c.right), classes);
  ordered_json f1, counts;
  for (size_t i = 0; i < c.labels.size(); ++i) {
    f1[c.labels[i].name] = f1_of_class(confusion, i);
    for (size_t j = 0; j < c.labels.size(); ++j)
      counts[c.labels[i].name][c.labels[j].name] = confusion[i][j];
  }
  return {{"f1_by_label", f1}, {"confusion", counts}};
}

ordered_json details_of_sets(const Compared& c) {
  const LabelSetScores scores = label_set_scores(sets_of(c.predicted), sets_of(c.right));
  ordered_json f1;
  for (size_t i = 0; i < c.labels.size(); ++i) f1[c.labels[i].name] = scores.f1[i];
  return {{"f1_by_label", f1}};
}

// The metrics of the task, then the others of its kind. NaN, which JSON has not, becomes null.
ordered_json json_of(const Compared& c, std::vector<std::string> metrics) {
  const auto labels = static_cast<int64_t>(c.labels.size());
  for (const auto& name : known_metrics(c.problem, labels))
    if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
  ordered_json scores = {{"examples", c.right.size()}};
  const Metrics values = metrics_of(c.problem, metrics, c.predicted, c.right, labels);
  for (const auto& [name, value] : values.values()) scores[name] = value;
  if (c.problem == Problem::kSingleLabel) scores.update(details_of_classes(c));
  if (c.problem == Problem::kMultiLabel) scores.update(details_of_sets(c));
  return scores;
}

std::string text_of(const ordered_json& scores) {
  std::ostringstream out;
  for (const auto& [name, value] : scores.items())
    if (!value.is_object()) out << name << " " << value << "\n";
  const ordered_json confusion = scores.value("confusion", ordered_json::object()),
                     f1_by_label = scores.value("f1_by_label", ordered_json::object());
  for (const auto& [label, f1] : f1_by_label.items()) {
    out << "is " << label << ":";
    if (confusion.contains(label))
      for (const auto& [predicted, count] : confusion.at(label).items())
        out << "  " << predicted << " " << count;
    out << "  (F1 " << f1 << ")\n";
  }
  return out.str();
}

}  // namespace

ScoreReport score_classification(Problem problem, const ScoringRequest& request) {
  const auto metrics = split(request.options.get<std::string>(option::kMetrics), ',');
  const ordered_json scores = json_of(compare(problem, request), metrics);
  return {scores.dump(), text_of(scores)};
}

}  // namespace albert
