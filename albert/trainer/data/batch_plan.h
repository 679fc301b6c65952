#pragma once
#include <cstdint>
#include <vector>

namespace albert {

// Which examples each update of a run takes: how many (a batch may grow at first), and of which of
// several streams (each phase of a run, as of short and then long sequences, has its own).
class BatchPlan {
 public:
  struct Options {
    int64_t batch_size = 32;                 // examples an update, once it has grown
    int64_t initial_batch_size = 0;          // of the first update; 0: batch_size
    int64_t warmup_steps = 0;                // the updates over which it grows, linearly
    std::vector<int64_t> phase_starts = {};  // the first update of phase 1, 2, ..; ascending
  };
  // Examples first, first + 1, .. of the phase's stream.
  struct Part {
    int64_t phase, first, count;
  };

  // Error(kUsage) where batch_size is no multiple of initial_batch_size, or that none of
  // `micro_batches`; the batch grows by multiples of the initial one.
  BatchPlan(const Options& options, int64_t micro_batches);

  int64_t phase_of(int64_t step) const;
  int64_t batch_size(int64_t step) const;
  // The index-th of `of` parts of equal size of an update. A function of its arguments alone.
  Part part(int64_t step, int64_t index, int64_t of) const;

 private:
  int64_t examples_before(int64_t step) const;

  Options options_;
  std::vector<int64_t> before_{0};  // examples before each update of the warm-up and its end
};

}  // namespace albert
