#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "albert/trainer/loop/metrics.h"

namespace albert {

// The share of right answers: accuracy, and where questions have RACE's levels accuracy_middle and
// accuracy_high, as run_race gives it with --middle_only and --high_only. One label, prediction and
// level for each question.
Metrics choice_scores(std::span<const int64_t> predicted, std::span<const int64_t> right,
                      const std::vector<std::string>& levels);

// How many questions each of them is of: "", "_middle", "_high".
Metrics choice_counts(const std::vector<std::string>& levels);

}  // namespace albert
