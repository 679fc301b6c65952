#include "albert/kernels/emulator/backend.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "albert/kernels/cuda/runtime/backend.h"

namespace albert::kernels::simt {
namespace {

// Puts the work of fake libraries in line with kernels.
void submit_to_queue(void* queue, std::function<void()> work) {
  Stream s;
  s.queue = queue;
  emulator::submit(s, [work = std::move(work)](const Schedule&) { work(); });
}

}  // namespace

class EmulatedBackend::Replay final : public CapturedStep {
 public:
  Replay(DeviceMemory& memory, Work work, std::shared_ptr<const void> graphs)
      : memory_(memory), work_(std::move(work)), graphs_(std::move(graphs)) {}
  void replay() override {
    const DeviceMemory::Access access(memory_);
    for (const auto& launch : work_) launch();
  }

 private:
  DeviceMemory& memory_;
  Work work_;
  std::shared_ptr<const void> graphs_;  // cuDNN's, which the work runs
};

EmulatedBackend::EmulatedBackend(const BackendOptions& options)
    : cublas_library_(submit_to_queue),
      cublas_(cublas_library_.functions(), {.gpu = "emulated"}),
      threads_(std::max(1, options.threads)),
      isa_(options.isa) {
  queue_.submitter = this;
  if (options.attention == AttentionBackend::kCudnn)
    cudnn_ = std::make_unique<FakeCudnn>(submit_to_queue);
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
  ALBERT_CHECK(!captured_, "a copy inside a capture");
  ALBERT_CHECK(bytes == 0 || memory_.holds(device, bytes), "a copy of ", bytes,
               " bytes that are not the GPU's");
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

void EmulatedBackend::begin_capture() {
  ALBERT_CHECK(!captured_, "a capture inside a capture");
  captured_ = std::make_unique<Work>();
  if (cudnn_) cudnn_->begin_capture();
}

std::unique_ptr<CapturedStep> EmulatedBackend::end_capture() {
  ALBERT_CHECK(captured_, "no capture was begun");
  return std::make_unique<Replay>(memory_, std::move(*std::exchange(captured_, nullptr)),
                                  cudnn_ ? cudnn_->end_capture() : nullptr);
}

void EmulatedBackend::submit(std::function<void()> work) {
  if (captured_) return captured_->push_back(std::move(work));
  ++submitted_;
  const DeviceMemory::Access access(memory_);
  work();
}

void EmulatedBackend::operand(const Tensor& tensor) {
  ALBERT_CHECK(!tensor || tensor.bytes() == 0 || memory_.holds(tensor.data, tensor.bytes()),
               kernel_, ": an operand ", tensor.shape, " is not the GPU's memory");
}

}  // namespace albert::kernels::simt

namespace albert::kernels {

std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options) {
  return std::make_unique<simt::EmulatedBackend>(options);
}

}  // namespace albert::kernels
