#include "albert/kernels/cuda/runtime/pinned_results.h"

#include <utility>

#include "albert/kernels/cuda/runtime/handles.h"

namespace albert::kernels {

struct PinnedResults::Slot {
  PinnedMemory memory = make_pinned(kSlot);
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
  ALBERT_CHECK(bytes <= kSlot, "a result of ", bytes, " bytes");
  if (free_->empty()) free_->push_back(std::make_unique<Slot>());
  auto slot = std::move(free_->back());
  free_->pop_back();
  check_cuda(cudaMemcpyAsync(slot->memory.get(), device, bytes, cudaMemcpyDeviceToHost, stream_),
             "copy from the GPU");
  check_cuda(cudaEventRecord(slot->done.get(), stream_), "event");
  return std::make_unique<Copy>(std::move(slot), free_);
}

}  // namespace albert::kernels
