#include "albert/trainer/tasks/scores/classes.h"

#include <cmath>

#include "albert/base/error.h"

namespace albert {
namespace {

// How often a label was right, predicted, and both.
struct Counts {
  double both = 0, right = 0, predicted = 0;

  void add(bool was_right, bool was_predicted) {
    both += was_right && was_predicted ? 1 : 0;
    right += was_right ? 1 : 0;
    predicted += was_predicted ? 1 : 0;
  }
  void add(const Counts& other) {
    both += other.both;
    right += other.right;
    predicted += other.predicted;
  }
  bool occurs() const { return right + predicted > 0; }
  double f1() const { return occurs() ? 2 * both / (right + predicted) : 0; }
};

Counts counts_of_class(const Confusion& confusion, size_t which) {
  Counts counts;
  for (size_t i = 0; i < confusion.size(); ++i) {
    counts.right += static_cast<double>(confusion[which][i]);
    counts.predicted += static_cast<double>(confusion[i][which]);
  }
  counts.both = static_cast<double>(confusion[which][which]);
  return counts;
}

std::vector<Counts> counts_of_classes(const Confusion& confusion) {
  std::vector<Counts> counts;
  for (size_t i = 0; i < confusion.size(); ++i) counts.push_back(counts_of_class(confusion, i));
  return counts;
}

Counts sum_of(const std::vector<Counts>& counts) {
  Counts sum;
  for (const Counts& one : counts) sum.add(one);
  return sum;
}

double quotient(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

Confusion confusion_of(std::span<const int64_t> predicted, std::span<const int64_t> right,
                       int64_t classes) {
  ALBERT_CHECK(predicted.size() == right.size(), "as many predictions as examples");
  const auto n = static_cast<size_t>(classes);
  Confusion confusion(n, std::vector<int64_t>(n));
  for (size_t i = 0; i < right.size(); ++i)
    ++confusion[static_cast<size_t>(right[i])][static_cast<size_t>(predicted[i])];
  return confusion;
}

double accuracy(const Confusion& confusion) {
  const Counts all = sum_of(counts_of_classes(confusion));
  return quotient(all.both, all.right);
}

// For any number of classes (Gorodkin 2004).
double matthews_correlation(const Confusion& confusion) {
  double correct = 0, examples = 0, products = 0, right = 0, predicted = 0;
  for (const Counts& one : counts_of_classes(confusion)) {
    correct += one.both;
    examples += one.right;
    products += one.right * one.predicted;
    right += one.right * one.right;
    predicted += one.predicted * one.predicted;
  }
  const double square = (examples * examples - predicted) * (examples * examples - right);
  return square == 0 ? 0 : (correct * examples - products) / std::sqrt(square);
}

double f1_of_class(const Confusion& confusion, size_t which) {
  return counts_of_class(confusion, which).f1();
}

double macro_f1(const Confusion& confusion) {
  double sum = 0, classes = 0;
  for (const Counts& one : counts_of_classes(confusion)) {
    sum += one.f1();
    classes += one.occurs() ? 1 : 0;
  }
  return quotient(sum, classes);
}

double micro_f1(const Confusion& confusion) { return sum_of(counts_of_classes(confusion)).f1(); }

LabelSetScores label_set_scores(const LabelSets& predicted, const LabelSets& right) {
  ALBERT_CHECK(predicted.size() == right.size(), "as many predictions as examples");
  std::vector<Counts> of_labels(right.empty() ? 0 : right.front().size());
  LabelSetScores scores;
  for (size_t i = 0; i < right.size(); ++i) {
    Counts of_example;
    for (size_t j = 0; j < of_labels.size(); ++j) {
      of_labels[j].add(right[i][j], predicted[i][j]);
      of_example.add(right[i][j], predicted[i][j]);
    }
    scores.samples_f1 += of_example.f1();
    scores.accuracy += predicted[i] == right[i] ? 1 : 0;
  }
  const auto examples = static_cast<double>(right.size());
  scores.samples_f1 = quotient(scores.samples_f1, examples);
  scores.accuracy = quotient(scores.accuracy, examples);
  scores.micro_f1 = sum_of(of_labels).f1();
  for (const Counts& one : of_labels) {
    scores.f1.push_back(one.f1());
    scores.macro_f1 += one.f1();
  }
  scores.macro_f1 = quotient(scores.macro_f1, static_cast<double>(of_labels.size()));
  return scores;
}

}  // namespace albert
