#pragma once
#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>

namespace albert::kernels {

// Page-locked memory that copies to the card pass through, so that the host goes on at once. Two halves: one is filled
// while the card may still read the other.
class PinnedStaging {
 public:
  explicit PinnedStaging(cudaStream_t stream);  // Error(kOutOfMemory)
  ~PinnedStaging();
  PinnedStaging(const PinnedStaging&) = delete;
  PinnedStaging& operator=(const PinnedStaging&) = delete;

  // Queues the copy. `host` has been read when it returns.
  void copy(void* device, const void* host, size_t bytes);

 private:
  struct Half {
    std::byte* memory = nullptr;
    cudaEvent_t read = nullptr;  // the card is done with it
  };
  void next_half();

  cudaStream_t stream_;
  std::array<Half, 2> halves_;
  size_t current_ = 0, used_ = 0;
};

}  // namespace albert::kernels
