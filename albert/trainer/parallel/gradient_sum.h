#pragma once
#include <vector>

#include "albert/kernels/backend.h"
#include "albert/trainer/parallel/communicator.h"
#include "albert/trainer/parallel/sum_tree.h"

namespace albert {

// Adds up the gradients of an update over its micro-batches, on all ranks. On the CPU the sums have
// the same bits for any number of ranks (SumTree). On a GPU the micro-batches of a rank add to the
// gradients as they are computed, and the communicator adds up those of the ranks in its own order.
class GradientSum {
 public:
  // gradients [n] f32 or f64, of the backend. All three must outlive this.
  GradientSum(kernels::Backend& backend, Tensor gradients, Communicator& ranks);

  // Begins an update. Gives the micro-batches that this rank computes, one or more: Error(kUsage)
  // where there are fewer than ranks.
  Share begin(int64_t micro_batches);
  // Are called before and after each micro-batch is computed.
  void begin_part();
  void end_part();
  // Leaves the sum over all micro-batches in the gradients of every rank.
  void finish();

 private:
  Tensor slot(size_t at);
  Tensor node(size_t at);
  void add_up_over_ranks();

  kernels::Backend& backend_;
  Tensor gradients_;
  Communicator& ranks_;
  bool in_order_;
  Share share_;
  int64_t micro_batches_ = 0, parts_done_ = 0;
  SumTree tree_{1};
  std::vector<kernels::Buffer>
      slots_;  // all of the tree's sums but the last, which is in gradients_
  kernels::Buffer received_;
};

}  // namespace albert
