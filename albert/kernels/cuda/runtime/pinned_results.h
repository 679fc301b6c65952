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
  static constexpr size_t kMost = size_t{256} << 20;  // bytes of a result that start() takes

  explicit PinnedResults(cudaStream_t stream);

  // Queues the copy of at most kMost bytes. The result may outlive this. Error(kOutOfMemory)
  std::unique_ptr<PendingCopy> start(const void* device, size_t bytes);
  // Copies any number of bytes and returns when they are there.
  void copy(void* host, const void* device, size_t bytes);

 private:
  struct Slot;
  class Copy;
  using FreeSlots = std::vector<std::unique_ptr<Slot>>;
  std::unique_ptr<Slot> slot_for(size_t bytes);

  cudaStream_t stream_;
  std::shared_ptr<FreeSlots> free_;
};

}  // namespace albert::kernels
