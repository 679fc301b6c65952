#include "albert/trainer/optim/schedule.h"

#include <algorithm>
#include <cmath>

namespace albert {

double Schedule::at(int64_t step) const {
  const auto done = static_cast<double>(step), total = static_cast<double>(total_steps),
             warmup = static_cast<double>(warmup_steps),
             begin = warmup + static_cast<double>(start_warmup_step);
  const int64_t warmed = step - start_warmup_step;
  if (warmed < warmup_steps)
    return peak * static_cast<double>(std::max<int64_t>(0, warmed)) / warmup;
  if (shape == Shape::kGooglePoly) return peak * std::pow(1 - std::min(done, total) / total, power);
  return peak * std::max(0.0, (total - done) / std::max(1.0, total - begin));
}

}  // namespace albert
