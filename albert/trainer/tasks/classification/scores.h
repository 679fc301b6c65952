#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "albert/trainer/tasks/classification/examples.h"

namespace albert {

// How predicted classes agree with the right ones; scores as scikit-learn defines them (0 where a
// class never occurs).
struct ClassificationScores {
  int64_t examples = 0;
  std::vector<std::vector<int64_t>> confusion;  // [right][predicted]
  double accuracy = 0, macro_f1 = 0, matthews_correlation = 0;
  std::vector<double> f1;  // of each class
};
ClassificationScores classification_scores(const std::vector<int64_t>& predicted,
                                           const std::vector<int64_t>& right, int64_t classes);

// The class of each prediction in a file: JSONL as albert predict writes it ("label"), a GLUE
// submission
// ("index<tab>prediction" under such a header) or one label a line. Labels by their value or their
// name. Error(kBadData) "file:line: .."; kMissingInput.
std::vector<int64_t> read_predictions(
    const std::filesystem::path& path,
    const std::vector<std::pair<std::string, std::string>>& labels);

}  // namespace albert
