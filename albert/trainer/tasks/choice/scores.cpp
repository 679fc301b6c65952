#include "albert/trainer/tasks/choice/scores.h"

#include <algorithm>

#include "albert/base/error.h"

namespace albert {

Metrics choice_counts(const std::vector<std::string>& levels) {
  Metrics counts{{"", static_cast<double>(levels.size())}};
  for (const std::string level : {"middle", "high"})
    if (const auto count = std::count(levels.begin(), levels.end(), level); count > 0)
      counts.set("_" + level, static_cast<double>(count));
  return counts;
}

Metrics choice_scores(std::span<const int64_t> predicted, std::span<const int64_t> right,
                      const std::vector<std::string>& levels) {
  ALBERT_CHECK(predicted.size() == right.size() && levels.size() == right.size(),
               "one of each for a question");
  Metrics scores;
  const Metrics counts = choice_counts(levels);
  for (const auto& [suffix, count] : counts.values()) {
    double correct = 0;
    for (size_t i = 0; i < right.size(); ++i)
      if (suffix.empty() || suffix == "_" + levels[i]) correct += predicted[i] == right[i] ? 1 : 0;
    scores.set("accuracy" + suffix, correct / count);
  }
  return scores;
}

}  // namespace albert
