#pragma once
#include <array>
#include <cstddef>

#include "albert/kernels/cuda/runtime/handles.h"

namespace albert::kernels {

// Overlaps copies to the GPU with the work before them. The host writes into page-locked memory and
// goes on, a separate stream brings the bytes over while kernels still run, and only a copy inside
// the GPU waits in line with those. A small copy takes less time on the bus than the host needs for
// so many calls, and goes in line. One half is filled while the other may still be read.
class PinnedStaging {
 public:
  static constexpr size_t kHalf = size_t{8} << 20;
  static constexpr size_t kMostInLine = size_t{64} << 10;

  explicit PinnedStaging(cudaStream_t stream) : stream_(stream) {}  // Error(kOutOfMemory)

  // Queues the copy. `host` may be reused when it returns.
  void copy(void* device, const void* host, size_t bytes);

 private:
  struct Half {
    PinnedMemory pinned = make_pinned(kHalf);
    GpuMemory landing = make_gpu_memory(kHalf);
    CudaEvent read = make_cuda_event();  // recorded when the GPU has read both
  };
  void next_half();
  void bring(std::byte* to, const Half& half, size_t bytes);

  cudaStream_t stream_;
  std::array<Half, 2> halves_;
  CudaEvent landed_ = make_cuda_event();
  CudaStream beside_ = make_cuda_stream();
  size_t current_ = 0, used_ = 0;
};

}  // namespace albert::kernels
