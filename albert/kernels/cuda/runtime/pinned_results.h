#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <vector>

#include "albert/kernels/backend.h"

namespace albert::kernels {

// Page-locked memory for results, so that copies to the host run while it does something else. A
// slot is reused when its result is destroyed.
class PinnedResults {
 public:
  static constexpr size_t kSlot = size_t{1} << 20;  // most bytes of a result

  explicit PinnedResults(cudaStream_t stream);

  // Queues the copy of at most kSlot bytes. The result may outlive this. Error(kOutOfMemory)
  std::unique_ptr<PendingCopy> start(const void* device, size_t bytes);

 private:
  struct Slot;
  class Copy;
  using FreeSlots = std::vector<std::unique_ptr<Slot>>;

  cudaStream_t stream_;
  std::shared_ptr<FreeSlots> free_;
};

}  // namespace albert::kernels
