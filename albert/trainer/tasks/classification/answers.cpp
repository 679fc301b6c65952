#include "albert/trainer/tasks/classification/answers.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "albert/base/error.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/scores/classes.h"
#include "albert/trainer/tasks/scores/correlation.h"

namespace albert {
namespace {

constexpr const char* kCombined = "combined_score";  // the mean of those before it

double number_in(const PlacedAnswer& answer) {
  const std::string& text = answer.labels.front();
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number))
    fail(ErrorCode::kBadData, answer.place, ": found ", in_quotes(text), ", wanted a number");
  return number;
}

// One that --metrics names, of what is known of all examples.
template <class Scores>
struct Metric {
  const char* name;
  double (*of)(const Scores&);
};

struct Values {
  std::span<const double> predicted, right;
};

constexpr const char* kF1 = "f1";  // of the second of two labels
constexpr Metric<Confusion> kClassMetrics[] = {
    {"accuracy", accuracy},
    {kF1, [](const Confusion& c) { return f1_of_class(c, 1); }},
    {"macro_f1", macro_f1},
    {"micro_f1", micro_f1},
    {"matthews_correlation", matthews_correlation}};
constexpr Metric<LabelSetScores> kSetMetrics[] = {
    {"accuracy", [](const LabelSetScores& s) { return s.accuracy; }},
    {"micro_f1", [](const LabelSetScores& s) { return s.micro_f1; }},
    {"macro_f1", [](const LabelSetScores& s) { return s.macro_f1; }},
    {"samples_f1", [](const LabelSetScores& s) { return s.samples_f1; }}};
constexpr Metric<Values> kValueMetrics[] = {
    {"pearson", [](const Values& v) { return pearson(v.predicted, v.right); }},
    {"spearmanr", [](const Values& v) { return spearman(v.predicted, v.right); }},
    {"mse", [](const Values& v) { return mean_squared_error(v.predicted, v.right); }},
    {"mae", [](const Values& v) { return mean_absolute_error(v.predicted, v.right); }}};

template <class Table>
std::vector<std::string> names_in(const Table& table) {
  std::vector<std::string> names;
  for (const auto& metric : table) names.emplace_back(metric.name);
  return names;
}

[[noreturn]] void fail_unknown(const std::string& name, std::vector<std::string> known) {
  known.emplace_back(kCombined);
  const std::string near = nearest_name(name, known);
  fail(ErrorCode::kUsage, "--metrics: found ", in_quotes(name), ", wanted ", one_of(known),
       near.empty() ? "" : " (did you mean " + near + "?)");
}

void check_no_name_twice(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (std::count(names.begin(), names.end(), name) > 1)
      fail(ErrorCode::kUsage, "--metrics: found ", name, " twice, wanted each once");
}

template <class Scores, size_t n>
Metrics chosen(const std::vector<std::string>& names, const Metric<Scores> (&table)[n],
               const Scores& scores) {
  check_no_name_twice(names);
  Metrics result;
  double sum = 0, terms = 0;
  for (const auto& name : names) {
    if (name == kCombined) {
      if (terms == 0)
        fail(ErrorCode::kUsage, "--metrics: found ", kCombined,
             " first, wanted it behind those that it is the mean of");
      result.set(name, sum / terms);
      continue;
    }
    const auto at = std::find_if(std::begin(table), std::end(table),
                                 [&](const auto& metric) { return name == metric.name; });
    if (at == std::end(table)) fail_unknown(name, names_in(table));
    result.set(name, at->of(scores));
    sum += result.at(name);
    ++terms;
  }
  return result;
}

Metrics class_metrics(const std::vector<std::string>& names, const Answers& predicted,
                      const Answers& right, int64_t labels) {
  if (labels != 2 && std::find(names.begin(), names.end(), kF1) != names.end())
    fail(ErrorCode::kUsage, "--metrics: found f1 for ", labels,
         " labels, wanted two; use macro_f1 or micro_f1");
  return chosen(names, kClassMetrics,
                confusion_of(classes_of(predicted), classes_of(right), labels));
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
      const size_t label = label_at(one.place, one.labels.front(), labels);
      answers.values.push_back(static_cast<double>(label));
    } else {
      const size_t begin = answers.values.size();
      answers.values.resize(begin + labels.size());
      for (const auto& label : one.labels)
        answers.values[begin + label_at(one.place, label, labels)] = 1;
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
    case Problem::kMultiLabel:
      return chosen(names, kSetMetrics, label_set_scores(sets_of(predicted), sets_of(right)));
    case Problem::kRegression: break;
  }
  return chosen(names, kValueMetrics, Values{predicted.values, right.values});
}

std::vector<std::string> known_metrics(Problem problem, int64_t labels) {
  if (problem == Problem::kMultiLabel) return names_in(kSetMetrics);
  if (problem == Problem::kRegression) return names_in(kValueMetrics);
  std::vector<std::string> names = names_in(kClassMetrics);
  if (labels != 2) std::erase(names, kF1);
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
