#include "albert/kernels/cuda/cublas/tuning.h"

#include <algorithm>
#include <limits>

namespace albert::kernels {
namespace {

constexpr int kRounds = 5, kCalls = 4;
constexpr double kClearly = 0.97;

double seconds_of(const CublasTuning& tuning, const std::function<bool(size_t)>& run, size_t i) {
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round)
    least = std::min(least, tuning.seconds([&] {
      for (int call = 0; call < kCalls; ++call) run(i);
    }));
  return least;
}

}  // namespace

size_t fastest(const CublasTuning& tuning, size_t candidates,
               const std::function<bool(size_t)>& run) {
  size_t best = candidates;
  double least = 0;
  for (size_t i = 0; i < candidates; ++i) {
    if (!run(i)) continue;  // the first call loads the kernel
    const double seconds = seconds_of(tuning, run, i);
    if (best < candidates && !(seconds < kClearly * least)) continue;
    best = i;
    least = seconds;
  }
  return best;
}

}  // namespace albert::kernels
