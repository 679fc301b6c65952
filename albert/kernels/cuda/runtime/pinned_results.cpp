#include "albert/kernels/cuda/runtime/pinned_results.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "albert/kernels/cuda/runtime/handles.h"

namespace albert::kernels {
namespace {

constexpr size_t kSmallestSlot = size_t{1} << 20;
constexpr size_t kPiece = size_t{4} << 20;  // of copy()

}  // namespace

struct PinnedResults::Slot {
  explicit Slot(size_t size) : bytes(size), memory(make_pinned(size)) {}
  size_t bytes;
  PinnedMemory memory;
  CudaEvent done = make_cuda_event();
};

// A copy that nobody waits for frees its slot at once: the next copy into that slot follows it in
// the same stream.
class PinnedResults::Copy final : public PendingCopy {
 public:
  Copy(std::unique_ptr<Slot> slot, std::shared_ptr<FreeSlots> free)
      : slot_(std::move(slot)), free_(std::move(free)) {}
  ~Copy() override { free_->push_back(std::move(slot_)); }
  const void* wait() override {
    check_cuda(cudaEventSynchronize(slot_->done.get()), "a kernel");
    return slot_->memory.get();
  }

 private:
  std::unique_ptr<Slot> slot_;
  std::shared_ptr<FreeSlots> free_;
};

PinnedResults::PinnedResults(cudaStream_t stream)
    : stream_(stream), free_(std::make_shared<FreeSlots>()) {}

std::unique_ptr<PendingCopy> PinnedResults::start(const void* device, size_t bytes) {
  ALBERT_CHECK(bytes <= kMost, "a result of ", bytes, " bytes");
  auto slot = slot_for(bytes);
  check_cuda(cudaMemcpyAsync(slot->memory.get(), device, bytes, cudaMemcpyDeviceToHost, stream_),
             "copy from the GPU");
  check_cuda(cudaEventRecord(slot->done.get(), stream_), "event");
  return std::make_unique<Copy>(std::move(slot), free_);
}

// The smallest that is free and large enough, so that large slots are left for large results.
std::unique_ptr<PinnedResults::Slot> PinnedResults::slot_for(size_t bytes) {
  auto best = free_->end();
  for (auto at = free_->begin(); at != free_->end(); ++at)
    if ((*at)->bytes >= bytes && (best == free_->end() || (*at)->bytes < (*best)->bytes)) best = at;
  if (best == free_->end())
    return std::make_unique<Slot>(std::max(kSmallestSlot, std::bit_ceil(bytes)));
  auto slot = std::move(*best);
  free_->erase(best);
  return slot;
}

// While one piece is copied out of page-locked memory, the next crosses the bus.
void PinnedResults::copy(void* host, const void* device, size_t bytes) {
  const auto size_at = [=](size_t at) { return std::min(bytes - at, kPiece); };
  const auto start_at = [&](size_t at) {
    return at < bytes ? start(static_cast<const std::byte*>(device) + at, size_at(at)) : nullptr;
  };
  auto next = start_at(0);
  for (size_t at = 0; at < bytes; at += kPiece) {
    const auto here = std::move(next);
    next = start_at(at + kPiece);
    std::memcpy(static_cast<std::byte*>(host) + at, here->wait(), size_at(at));
  }
}

}  // namespace albert::kernels
