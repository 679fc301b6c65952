#include "albert/kernels/cpu/helper_count.h"

#include <algorithm>

namespace albert::kernels {
namespace {

constexpr double kWindow = 0.02;   // seconds of jobs
constexpr double kPoor = 0.55;     // below this share of what threads could do
constexpr int kLongestPause = 16;  // windows

}  // namespace

void HelperCount::add(int64_t n, double alone, double seconds) {
  const int64_t threads = count_ + 1, rounds = (n + threads - 1) / threads;
  ideal_ += alone * static_cast<double>(rounds) / static_cast<double>(n);
  seconds_ += seconds;
  if (seconds_ < kWindow) return;
  end_window(count_ > 0 && ideal_ < kPoor * seconds_);
  ideal_ = seconds_ = 0;
}

void HelperCount::end_window(bool poor) {
  if (trying_) pause_ = poor ? std::min(2 * pause_, kLongestPause) : 1;
  trying_ = false;
  if (poor) {
    --count_;
    windows_left_ = pause_;
  } else if (count_ < max_ && --windows_left_ <= 0) {
    ++count_;
    trying_ = true;
  }
}

}  // namespace albert::kernels
