#include "albert/trainer/data/batch_plan.h"

#include <algorithm>

#include "albert/base/error.h"

namespace albert {

BatchPlan::BatchPlan(const Options& options, int64_t micro_batches) : options_(options) {
  if (options_.initial_batch_size == 0 || options_.warmup_steps == 0) {
    options_.initial_batch_size = options_.batch_size;
    options_.warmup_steps = 0;
  }
  const int64_t initial = options_.initial_batch_size;
  if (initial < 1 || options_.batch_size % initial != 0 || initial % micro_batches != 0)
    fail(ErrorCode::kUsage, "--initial_train_batch_size ", initial, ": wanted a divisor of ",
         options_.batch_size, " that is a multiple of the ", micro_batches, " micro-batches");
  for (int64_t step = 0; step < options_.warmup_steps; ++step)
    before_.push_back(before_.back() + batch_size(step));
}

int64_t BatchPlan::phase_of(int64_t step) const {
  const auto& starts = options_.phase_starts;
  return std::upper_bound(starts.begin(), starts.end(), step) - starts.begin();
}

int64_t BatchPlan::batch_size(int64_t step) const {
  if (step >= options_.warmup_steps) return options_.batch_size;
  const int64_t grown = options_.batch_size / options_.initial_batch_size - 1;
  return options_.initial_batch_size * (1 + grown * step / options_.warmup_steps);
}

int64_t BatchPlan::examples_before(int64_t step) const {
  const int64_t warmup = options_.warmup_steps;
  return step < warmup ? before_[static_cast<size_t>(step)]
                       : before_.back() + (step - warmup) * options_.batch_size;
}

BatchPlan::Part BatchPlan::part(int64_t step, int64_t index, int64_t of) const {
  const int64_t phase = phase_of(step), count = batch_size(step) / of;
  const int64_t start = phase == 0 ? 0 : options_.phase_starts[static_cast<size_t>(phase - 1)];
  return {phase, examples_before(step) - examples_before(start) + index * count, count};
}

}  // namespace albert
