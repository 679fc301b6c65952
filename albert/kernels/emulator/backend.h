#pragma once
// The emulated GPU as a Backend, for tests. Its memory is closed to the host: an access outside of
// copies and kernels ends the process, and a kernel that is handed host memory is refused.
#include <functional>
#include <vector>

#include "albert/kernels/backend.h"
#include "albert/kernels/call_observer.h"
#include "albert/kernels/cuda/cublas/context.h"
#include "albert/kernels/emulator/device_memory.h"
#include "albert/kernels/emulator/emulator.h"
#include "albert/kernels/emulator/fake_cublas.h"
#include "albert/kernels/emulator/fake_cudnn.h"

namespace albert::kernels::simt {

class EmulatedBackend final : public Backend, private Submitter, private CallObserver {
 public:
  explicit EmulatedBackend(const BackendOptions& options);

  Stream stream() override;
  std::string description() const override { return "an emulated GPU"; }
  int64_t gpu_memory() const override { return memory_.limit(); }
  size_t workspace_bytes() const override { return workspace_bytes_; }
  void* allocate(size_t bytes) override { return bytes == 0 ? nullptr : memory_.allocate(bytes); }
  void release(void* block, size_t) noexcept override { memory_.release(block); }

  bool host_accessible() const override { return false; }
  void copy_to_device(void* device, const void* host, size_t bytes) override;
  void copy_to_host(void* host, const void* device, size_t bytes) override;
  void clear(void* device, size_t bytes) override;
  void synchronize() override {}

  bool can_capture() const override { return true; }
  void begin_capture() override;
  std::unique_ptr<CapturedStep> end_capture() override;

  // Tests set the order in which threads run, the memory of the GPU and the workspace that
  // kernels want, and count the launches outside of replays.
  void set_schedule(const Schedule& schedule) { queue_.schedule = schedule; }
  void set_memory_limit(size_t bytes) { memory_.set_limit(bytes); }
  void set_workspace(size_t bytes) { workspace_bytes_ = bytes; }
  size_t used_memory() const { return memory_.used(); }
  int64_t submitted() const { return submitted_; }
  FakeCublas& cublas_library() { return cublas_library_; }
  FakeCudnn* cudnn() { return cudnn_.get(); }

 private:
  using Work = std::vector<std::function<void()>>;
  class Replay;

  void submit(std::function<void()> work) override;
  void call(const char* kernel) override { kernel_ = kernel; }
  void operand(const Tensor& tensor) override;
  void attribute(uint64_t) override {}
  void check_copy(const void* device, size_t bytes) const;

  DeviceMemory memory_;
  FakeCublas cublas_library_;
  CublasContext cublas_;
  std::unique_ptr<FakeCudnn> cudnn_;
  int threads_;
  Isa isa_;
  Queue queue_;
  const char* kernel_ = "";
  std::unique_ptr<Work> captured_;
  int64_t submitted_ = 0;
  size_t workspace_bytes_ = size_t{64} << 10;
};

}  // namespace albert::kernels::simt
