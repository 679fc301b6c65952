#pragma once
#include <array>
#include <chrono>
#include <utility>

#include "albert/trainer/loop/metrics.h"

namespace albert {

// What the host of a rank waits for besides computing, as shares of the time between two records.
class StepTimes {
 public:
  enum Part : uint8_t { kData, kCommunication, kCheckpoint, kParts };

  template <class F>
  auto measure(Part part, F&& work) {
    const Adds adds{*this, part};
    return std::forward<F>(work)();
  }

  // data_wait, communication and checkpoint_wait, each from 0 to 1, since the last call.
  Metrics take_shares();

 private:
  using Clock = std::chrono::steady_clock;
  struct Adds {
    StepTimes& times;
    Part part;
    Clock::time_point begun = Clock::now();
    ~Adds() { times.spent_[part] += Clock::now() - begun; }
  };

  std::array<Clock::duration, kParts> spent_{};
  Clock::time_point since_ = Clock::now();
};

}  // namespace albert
