#include "albert/kernels/cuda/runtime/pinned_staging.h"

#include <algorithm>
#include <cstring>

namespace albert::kernels {
namespace {

constexpr size_t kAlignment = 256;

}  // namespace

void PinnedStaging::copy(void* device, const void* host, size_t bytes) {
  const auto* from = static_cast<const std::byte*>(host);
  auto* to = static_cast<std::byte*>(device);
  while (bytes > 0) {
    if (used_ == kHalf) next_half();
    const size_t n = std::min(bytes, kHalf - used_);
    const Half& half = halves_[current_];
    std::memcpy(half.pinned.get() + used_, from, n);
    bring(to, half, n);
    used_ = std::min(kHalf, (used_ + n + kAlignment - 1) / kAlignment * kAlignment);
    from += n, to += n, bytes -= n;
  }
}

// Brings the bytes at used_.
void PinnedStaging::bring(std::byte* to, const Half& half, size_t bytes) {
  const std::byte* const pinned = half.pinned.get() + used_;
  if (bytes <= kMostInLine)
    return check_cuda(cudaMemcpyAsync(to, pinned, bytes, cudaMemcpyHostToDevice, stream_),
                      "copy to the GPU");
  std::byte* const landing = half.landing.get() + used_;
  check_cuda(cudaMemcpyAsync(landing, pinned, bytes, cudaMemcpyHostToDevice, beside_.get()),
             "copy to the GPU");
  check_cuda(cudaEventRecord(landed_.get(), beside_.get()), "event");
  check_cuda(cudaStreamWaitEvent(stream_, landed_.get(), 0), "event");
  check_cuda(cudaMemcpyAsync(to, landing, bytes, cudaMemcpyDeviceToDevice, stream_),
             "copy on the GPU");
}

void PinnedStaging::next_half() {
  check_cuda(cudaEventRecord(halves_[current_].read.get(), stream_), "event");
  current_ = 1 - current_;
  used_ = 0;
  check_cuda(cudaEventSynchronize(halves_[current_].read.get()), "copy to the GPU");
}

}  // namespace albert::kernels
