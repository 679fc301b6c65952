#pragma once
#include <span>
#include <string>
#include <vector>

#include "albert/trainer/loop/metrics.h"
#include "albert/trainer/tasks/classification/examples.h"
#include "albert/trainer/tasks/labels.h"

namespace albert {

// The answers of examples as numbers, those of one after those of the other: the number of its
// label; in label sets 0 or 1 for every label; in regression the value.
struct Answers {
  int64_t width = 1;  // numbers of one example
  std::vector<double> values;

  int64_t size() const { return static_cast<int64_t>(values.size()) / width; }
  std::span<const double> of(size_t example) const {
    const auto n = static_cast<size_t>(width);
    return std::span(values).subspan(example * n, n);
  }
};

// Error(kBadData) "file:12: .." for what is none of the labels, and in regression no finite number.
Answers answers_in(Problem problem, const std::vector<PlacedAnswer>& placed,
                   const TaskLabels& labels);

// What outputs of a model mean, `labels` of them for each example: the label of the largest, those
// above 0, or the values themselves.
Answers answers_of_outputs(Problem problem, std::span<const double> outputs, int64_t labels);

// The metrics that --metrics names: accuracy, f1 (of the second of two labels), macro_f1, micro_f1
// and matthews_correlation; of label sets accuracy (of whole sets), micro_f1, macro_f1 and
// samples_f1; in regression pearson, spearmanr, mse and mae; combined_score is the mean of those
// before it. Error(kUsage) for other names.
Metrics metrics_of(Problem problem, const std::vector<std::string>& names, const Answers& predicted,
                   const Answers& right, int64_t labels);

// All that metrics_of() computes of these labels, without combined_score.
std::vector<std::string> known_metrics(Problem problem, int64_t labels);

// Each answer's number where there is one label.
std::vector<int64_t> classes_of(const Answers& answers);
// Label sets as such.
std::vector<std::vector<bool>> sets_of(const Answers& answers);

}  // namespace albert
