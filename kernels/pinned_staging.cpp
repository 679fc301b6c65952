#include "kernels/pinned_staging.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda_check.h"

namespace albert::kernels {
namespace {

constexpr size_t kHalf = size_t{8} << 20, kAlignment = 256;

}  // namespace

PinnedStaging::PinnedStaging(cudaStream_t stream) : stream_(stream) {
  for (Half& half : halves_) {
    void* memory = nullptr;
    if (cudaMallocHost(&memory, kHalf) != cudaSuccess)
      fail(ErrorCode::kOutOfMemory, "cannot lock ", kHalf, " bytes of memory for copies to the card (ulimit -l?)");
    half.memory = static_cast<std::byte*>(memory);
    check_cuda(cudaEventCreateWithFlags(&half.read, cudaEventDisableTiming), "event");
  }
}

PinnedStaging::~PinnedStaging() {
  for (const Half& half : halves_) {
    if (half.read) cudaEventDestroy(half.read);
    if (half.memory) cudaFreeHost(half.memory);
  }
}

void PinnedStaging::copy(void* device, const void* host, size_t bytes) {
  const auto* from = static_cast<const std::byte*>(host);
  auto* to = static_cast<std::byte*>(device);
  while (bytes > 0) {
    if (used_ == kHalf) next_half();
    const size_t n = std::min(bytes, kHalf - used_);
    std::byte* const through = halves_[current_].memory + used_;
    std::memcpy(through, from, n);
    check_cuda(cudaMemcpyAsync(to, through, n, cudaMemcpyHostToDevice, stream_), "copy to the card");
    used_ = std::min(kHalf, (used_ + n + kAlignment - 1) / kAlignment * kAlignment);
    from += n, to += n, bytes -= n;
  }
}

void PinnedStaging::next_half() {
  check_cuda(cudaEventRecord(halves_[current_].read, stream_), "event");
  current_ = 1 - current_;
  used_ = 0;
  check_cuda(cudaEventSynchronize(halves_[current_].read), "copy to the card");
}

}  // namespace albert::kernels
