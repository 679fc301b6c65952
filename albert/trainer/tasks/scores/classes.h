#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace albert {

// How many examples of each right class were given each class: [right][predicted].
using Confusion = std::vector<std::vector<int64_t>>;

// Both lists hold numbers below `classes` and are of one length.
Confusion confusion_of(std::span<const int64_t> predicted, std::span<const int64_t> right,
                       int64_t classes);

// Scores as scikit-learn 1.9 computes them with its defaults: 0 where a quotient would be 0 / 0, as
// in Matthews' correlation of a single class. Without examples, where scikit-learn raises an error,
// they are 0.
double accuracy(const Confusion& confusion);              // accuracy_score
double matthews_correlation(const Confusion& confusion);  // matthews_corrcoef
double f1_of_class(const Confusion& confusion, size_t which);
double macro_f1(const Confusion& confusion);  // f1_score, "macro": of classes that either list has
double micro_f1(const Confusion& confusion);  // f1_score, "micro"

// Any number of labels for each example: [example][label].
using LabelSets = std::vector<std::vector<bool>>;

// The same for label sets of one shape, scikit-learn's "multilabel-indicator".
struct LabelSetScores {
  double accuracy = 0;  // the share of examples all of whose labels are right
  double micro_f1 = 0, macro_f1 = 0, samples_f1 = 0;
  std::vector<double> f1;  // of each label
};
LabelSetScores label_set_scores(const LabelSets& predicted, const LabelSets& right);

}  // namespace albert
