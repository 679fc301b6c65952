#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "albert/trainer/tasks/classification/labels.h"

namespace albert {

// How predicted classes agree with the right ones; scores as scikit-learn defines them, 0 where a
// class never occurs.
struct ClassificationScores {
  int64_t examples = 0;
  std::vector<std::vector<int64_t>> confusion;  // [right][predicted]
  double accuracy = 0, macro_f1 = 0, matthews_correlation = 0;
  std::vector<double> f1;  // of each class
};
ClassificationScores classification_scores(const std::vector<int64_t>& predicted,
                                           const std::vector<int64_t>& right, int64_t classes);

// A label as a file has it, and where.
struct PlacedLabel {
  std::string place;  // "file:12"
  std::string label;
};

// The predictions in a file: objects with a "label", as albert predict writes them; a table whose
// header has a column "prediction" or "label" (a GLUE submission); or lines that end in the label,
// behind the last tab. `labels` are those of the task, none of which is a header.
// Error(kBadData) "file:line: .."; kMissingInput.
std::vector<PlacedLabel> read_predictions(const std::filesystem::path& path,
                                          const TaskLabels& labels);

}  // namespace albert
