#pragma once
#include <cstdint>

namespace albert::kernels {

// How many helpers a thread pool uses while other processes want the cores too. A helper that loses
// its core amid an item makes the others wait for milliseconds, and costs more than it gives. Jobs
// are timed over windows: if threads do less than half of what they could, one helper fewer is
// used; after a pause one more is tried, and pauses grow while that does not help.
class HelperCount {
 public:
  explicit HelperCount(int max) : max_(max), count_(max) {}
  int get() const { return count_; }

  // A job of n items took `seconds`; a single thread with a core of its own would take `alone`.
  void add(int64_t n, double alone, double seconds);

 private:
  void end_window(bool poor);

  int max_, count_;
  double ideal_ = 0, seconds_ = 0;  // sums over the window
  bool trying_ = false;             // count_ has just grown
  int pause_ = 1, windows_left_ = 1;
};

}  // namespace albert::kernels
