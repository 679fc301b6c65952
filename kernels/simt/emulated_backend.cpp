#include "kernels/simt/emulated_backend.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernels/backend_cuda.h"

namespace albert::kernels::simt {
namespace {

size_t page_rounded(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

// How libraries' work gets in line with kernels.
void submit_to_queue(void* queue, std::function<void()> work) {
  Stream s;
  s.queue = queue;
  emulator::submit(s, [work = std::move(work)](const Schedule&) { work(); });
}

}  // namespace

DeviceMemory::~DeviceMemory() {
  for (const auto& [block, bytes] : blocks_) munmap(block, bytes);
}

void* DeviceMemory::allocate(size_t bytes) {
  const size_t size = page_rounded(bytes);
  const size_t free = limit_ - std::min(limit_, used_);
  if (size > free)
    throw OutOfMemory("an emulated card cannot get " + std::to_string(bytes) + " bytes of memory, " +
                          std::to_string(free) + " are free",
                      bytes, free);
  void* block =
      mmap(nullptr, size, accesses_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  used_ += size;
  blocks_.emplace(static_cast<std::byte*>(block), size);
  return block;
}

void DeviceMemory::release(void* block) noexcept {
  const auto at = blocks_.find(static_cast<std::byte*>(block));
  if (at == blocks_.end()) return;
  munmap(at->first, at->second);
  used_ -= at->second;
  blocks_.erase(at);
}

bool DeviceMemory::holds(const void* data, size_t bytes) const {
  const auto* begin = static_cast<const std::byte*>(data);
  const auto after = blocks_.upper_bound(const_cast<std::byte*>(begin));
  if (after == blocks_.begin()) return false;
  const auto& [block, size] = *std::prev(after);
  return begin + bytes <= block + size;
}

void DeviceMemory::protect(int rights) const {
  for (const auto& [block, bytes] : blocks_) mprotect(block, bytes, rights);
}

DeviceMemory::Access::Access(DeviceMemory& memory) : memory_(memory) {
  if (memory_.accesses_++ == 0) memory_.protect(PROT_READ | PROT_WRITE);
}
DeviceMemory::Access::~Access() {
  if (--memory_.accesses_ == 0) memory_.protect(PROT_NONE);
}

class EmulatedBackend::Replay final : public Recording {
 public:
  Replay(DeviceMemory& memory, Work work) : memory_(memory), work_(std::move(work)) {}
  void replay() override {
    const DeviceMemory::Access access(memory_);
    for (const auto& launch : work_) launch();
  }

 private:
  DeviceMemory& memory_;
  Work work_;
};

EmulatedBackend::EmulatedBackend(const BackendOptions& options)
    : cublas_library_(submit_to_queue),
      cublas_(cublas_library_.functions(), {.card = "emulated"}),
      threads_(std::max(1, options.threads)),
      isa_(options.isa) {
  queue_.submitter = this;
  if (options.attention == AttentionBackend::kCudnn) cudnn_ = std::make_unique<CudnnStandIn>(submit_to_queue);
}

Stream EmulatedBackend::stream() {
  return {.device = Device::kCuda,
          .isa = isa_,
          .threads = threads_,
          .cublas = &cublas_,
          .cudnn = cudnn_.get(),
          .profile = profile_,
          .observer = this,
          .queue = &queue_};
}

void EmulatedBackend::check_copy(const void* device, size_t bytes) const {
  ALBERT_CHECK(!recording_, "a copy inside a recording");
  ALBERT_CHECK(bytes == 0 || memory_.holds(device, bytes), "a copy of ", bytes, " bytes that are not the card's");
}

void EmulatedBackend::copy_to_device(void* device, const void* host, size_t bytes) {
  check_copy(device, bytes);
  const DeviceMemory::Access access(memory_);
  std::memcpy(device, host, bytes);
}

void EmulatedBackend::copy_to_host(void* host, const void* device, size_t bytes) {
  check_copy(device, bytes);
  const DeviceMemory::Access access(memory_);
  std::memcpy(host, device, bytes);
}

void EmulatedBackend::clear(void* device, size_t bytes) {
  check_copy(device, bytes);
  const DeviceMemory::Access access(memory_);
  std::memset(device, 0, bytes);
}

void EmulatedBackend::begin_recording() {
  ALBERT_CHECK(!recording_, "a recording inside a recording");
  recording_ = std::make_unique<Work>();
}

std::unique_ptr<Recording> EmulatedBackend::end_recording() {
  ALBERT_CHECK(recording_, "no recording was begun");
  return std::make_unique<Replay>(memory_, std::move(*std::exchange(recording_, nullptr)));
}

void EmulatedBackend::submit(std::function<void()> work) {
  if (recording_) return recording_->push_back(std::move(work));
  ++submitted_;
  const DeviceMemory::Access access(memory_);
  work();
}

void EmulatedBackend::operand(const Tensor& tensor) {
  ALBERT_CHECK(!tensor || tensor.bytes() == 0 || memory_.holds(tensor.data, tensor.bytes()), kernel_, ": an operand ",
               tensor.shape, " is not the card's memory");
}

}  // namespace albert::kernels::simt

namespace albert::kernels {

std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options) {
  return std::make_unique<simt::EmulatedBackend>(options);
}

}  // namespace albert::kernels
