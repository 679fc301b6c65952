#include "albert/trainer/loop/best_checkpoint.h"

#include <cmath>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

// By how much this value is better than the best one before.
double gain_of(double value, const TrainingState& state, const LoopOptions& options) {
  if (state.best_step == 0) return std::isnan(value) ? NAN : HUGE_VAL;
  return options.best_is_greater ? value - state.best_value : state.best_value - value;
}

}  // namespace

double value_to_judge(const Metrics& evaluation, const LoopOptions& options) {
  if (evaluation.values().empty()) return NAN;
  if (const auto value = evaluation.find(options.best_metric)) return *value;
  std::vector<std::string> names;
  for (const auto& [name, value] : evaluation.values()) names.push_back(name);
  fail(ErrorCode::kUsage, "the metric of the best checkpoint: found ",
       printable(options.best_metric), ", wanted ", one_of(names));
}

bool greater_is_better(const std::string& metric) {
  const auto falls = [&](const char* name) { return metric.starts_with(name); };
  return !falls("loss") && !falls("mse") && !falls("mae");
}

bool is_best(double value, TrainingState& state, const LoopOptions& options) {
  const double gain = gain_of(value, state, options);
  const bool enough = gain > options.early_stopping_threshold;
  state.evaluations_without_gain = enough ? 0 : state.evaluations_without_gain + 1;
  if (!(gain > 0)) return false;
  state.best_step = state.step;
  state.best_value = value;
  return true;
}

bool out_of_patience(const TrainingState& state, const LoopOptions& options) {
  return options.early_stopping_patience > 0 &&
         state.evaluations_without_gain >= options.early_stopping_patience;
}

}  // namespace albert
