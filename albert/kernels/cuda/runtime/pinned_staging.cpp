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
    std::byte *const pinned = half.pinned.get() + used_, *const landing =
                                                             half.landing.get() + used_;
    std::memcpy(pinned, from, n);
    check_cuda(cudaMemcpyAsync(landing, pinned, n, cudaMemcpyHostToDevice, beside_.get()),
               "copy to the GPU");
    check_cuda(cudaEventRecord(landed_.get(), beside_.get()), "event");
    check_cuda(cudaStreamWaitEvent(stream_, landed_.get(), 0), "event");
    check_cuda(cudaMemcpyAsync(to, landing, n, cudaMemcpyDeviceToDevice, stream_),
               "copy on the GPU");
    used_ = std::min(kHalf, (used_ + n + kAlignment - 1) / kAlignment * kAlignment);
    from += n, to += n, bytes -= n;
  }
}

void PinnedStaging::next_half() {
  check_cuda(cudaEventRecord(halves_[current_].read.get(), stream_), "event");
  current_ = 1 - current_;
  used_ = 0;
  check_cuda(cudaEventSynchronize(halves_[current_].read.get()), "copy to the GPU");
}

}  // namespace albert::kernels
