#include "albert/trainer/tasks/classification/answers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/scores/classes.h"
#include "albert/trainer/tasks/scores/correlation.h"

namespace albert {
namespace {

constexpr const char* kCombined = "combined_score";

double number_in(const PlacedAnswer& answer) {
  const std::string& text = answer.labels.front();
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number))
    fail(ErrorCode::kBadData, answer.place, ": found ", in_quotes(text), ", wanted a number");
  return number;
}

size_t label_in(const std::string& place, const std::string& text, const TaskLabels& labels) {
  const auto at = find_label(labels, text);
  if (at) return *at;
  const auto values = values_of(labels), names = names_of(labels);
  fail(ErrorCode::kBadData, place, ": found the label ", in_quotes(text), ", wanted ",
       one_of(names), values == names ? "" : ", in files " + joined(values));
}

using Metric = std::pair<std::string, std::function<double()>>;

Metrics chosen(const std::vector<std::string>& names, const std::vector<Metric>& metrics) {
  Metrics result;
  double sum = 0;
  for (const auto& name : names) {
    const auto at = std::find_if(metrics.begin(), metrics.end(),
                                 [&](const Metric& m) { return m.first == name; });
    if (name == kCombined) {
      result.set(name, sum / static_cast<double>(result.values().size()));
    } else if (at != metrics.end()) {
      result.set(name, at->second());
      sum += result.at(name);
    } else {
      std::vector<std::string> known;
      for (const auto& [metric, value] : metrics) known.push_back(metric);
      known.emplace_back(kCombined);
      const std::string near = nearest_name(name, known);
      fail(ErrorCode::kUsage, "--metrics: found ", in_quotes(name), ", wanted ", one_of(known),
           near.empty() ? "" : " (did you mean " + near + "?)");
    }
  }
  return result;
}

Metrics class_metrics(const std::vector<std::string>& names, const Answers& predicted,
                      const Answers& right, int64_t labels) {
  const Confusion confusion = confusion_of(classes_of(predicted), classes_of(right), labels);
  const auto f1 = [&] {
    if (labels == 2) return f1_of_class(confusion, 1);
    fail(ErrorCode::kUsage, "--metrics: found f1 for ", labels,
         " labels, wanted two; use macro_f1 or micro_f1");
  };
  return chosen(names, {{"accuracy", [&] { return accuracy(confusion); }},
                        {"f1", f1},
                        {"macro_f1", [&] { return macro_f1(confusion); }},
                        {"micro_f1", [&] { return micro_f1(confusion); }},
                        {"matthews_correlation", [&] { return matthews_correlation(confusion); }}});
}

Metrics set_metrics(const std::vector<std::string>& names, const Answers& predicted,
                    const Answers& right) {
  const LabelSetScores scores = label_set_scores(sets_of(predicted), sets_of(right));
  return chosen(names, {{"accuracy", [&] { return scores.accuracy; }},
                        {"micro_f1", [&] { return scores.micro_f1; }},
                        {"macro_f1", [&] { return scores.macro_f1; }},
                        {"samples_f1", [&] { return scores.samples_f1; }}});
}

Metrics value_metrics(const std::vector<std::string>& names, const Answers& predicted,
                      const Answers& right) {
  const auto &a = predicted.values, &b = right.values;
  return chosen(names, {{"pearson", [&] { return pearson(a, b); }},
                        {"spearmanr", [&] { return spearman(a, b); }},
                        {"mse", [&] { return mean_squared_error(a, b); }},
                        {"mae", [&] { return mean_absolute_error(a, b); }}});
}

}  // namespace

Answers answers_in(Problem problem, const std::vector<PlacedAnswer>& placed,
                   const TaskLabels& labels) {
  Answers answers;
  if (problem == Problem::kMultiLabel) answers.width = static_cast<int64_t>(labels.size());
  for (const PlacedAnswer& one : placed) {
    if (problem == Problem::kRegression) {
      answers.values.push_back(number_in(one));
    } else if (problem == Problem::kSingleLabel) {
      const size_t label = label_in(one.place, one.labels.front(), labels);
      answers.values.push_back(static_cast<double>(label));
    } else {
      const size_t begin = answers.values.size();
      answers.values.resize(begin + labels.size());
      for (const auto& label : one.labels)
        answers.values[begin + label_in(one.place, label, labels)] = 1;
    }
  }
  return answers;
}

Answers answers_of_outputs(Problem problem, std::span<const double> outputs, int64_t labels) {
  Answers answers;
  const auto n = static_cast<size_t>(labels);
  if (problem == Problem::kSingleLabel) {
    for (size_t at = 0; at < outputs.size(); at += n) {
      const auto row = outputs.subspan(at, n);
      const auto largest = std::max_element(row.begin(), row.end()) - row.begin();
      answers.values.push_back(static_cast<double>(largest));
    }
    return answers;
  }
  answers.width = labels;
  for (const double output : outputs)
    answers.values.push_back(problem == Problem::kRegression ? output : output > 0 ? 1 : 0);
  return answers;
}

Metrics metrics_of(Problem problem, const std::vector<std::string>& names, const Answers& predicted,
                   const Answers& right, int64_t labels) {
  switch (problem) {
    case Problem::kSingleLabel: return class_metrics(names, predicted, right, labels);
    case Problem::kMultiLabel: return set_metrics(names, predicted, right);
    case Problem::kRegression: break;
  }
  return value_metrics(names, predicted, right);
}

std::vector<std::string> known_metrics(Problem problem, int64_t labels) {
  if (problem == Problem::kMultiLabel) return {"accuracy", "micro_f1", "macro_f1", "samples_f1"};
  if (problem == Problem::kRegression) return {"pearson", "spearmanr", "mse", "mae"};
  std::vector<std::string> names = {"accuracy", "macro_f1", "micro_f1", "matthews_correlation"};
  if (labels == 2) names.insert(names.begin() + 1, "f1");
  return names;
}

std::vector<int64_t> classes_of(const Answers& answers) {
  std::vector<int64_t> classes;
  for (const double value : answers.values) classes.push_back(static_cast<int64_t>(value));
  return classes;
}

std::vector<std::vector<bool>> sets_of(const Answers& answers) {
  std::vector<std::vector<bool>> sets;
  for (size_t i = 0; i < static_cast<size_t>(answers.size()); ++i) {
    sets.emplace_back();
    for (const double value : answers.of(i)) sets.back().push_back(value > 0);
  }
  return sets;
}

}  // namespace albert
