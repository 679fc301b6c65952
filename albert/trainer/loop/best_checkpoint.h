#pragma once
#include "albert/trainer/loop/training_loop.h"
#include "albert/trainer/loop/training_state.h"

namespace albert {

// The metric that the options choose the best checkpoint by; NaN where nothing was evaluated.
// Error(kUsage) for a metric that the evaluation does not have.
double value_to_judge(const Metrics& evaluation, const LoopOptions& options);

// Notes what the evaluation at state.step gave. Whether it is the best so far; NaN never is.
bool is_best(double value, TrainingState& state, const LoopOptions& options);

// Whether more of this metric is better, as its name tells: of loss, mse and mae it is not.
bool greater_is_better(const std::string& metric);

// Whether so many evaluations brought no gain that the run ends.
bool out_of_patience(const TrainingState& state, const LoopOptions& options);

}  // namespace albert
