#include "albert/trainer/loop/step_times.h"

namespace albert {

Metrics StepTimes::take_shares() {
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> all = now - std::exchange(since_, now);
  constexpr std::array<const char*, kParts> kNames{"data_wait", "communication", "checkpoint_wait"};
  Metrics shares;
  for (size_t i = 0; i < kParts; ++i) {
    const std::chrono::duration<double> spent = std::exchange(spent_[i], {});
    shares.set(kNames[i], all.count() > 0 ? spent / all : 0);
  }
  return shares;
}

}  // namespace albert
