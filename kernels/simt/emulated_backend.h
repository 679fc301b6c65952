#pragma once
// The emulated card as a Backend, for tests. What it allocates is the card's: the host that touches it outside of
// copies and kernels dies of it, and a kernel that is handed the host's memory is refused.
#include <functional>
#include <vector>

#include "kernels/backend.h"
#include "kernels/call_observer.h"
#include "kernels/matmul_cublas.h"
#include "kernels/simt/cublas_stand_in.h"
#include "kernels/simt/cudnn_stand_in.h"
#include "kernels/simt/device_memory.h"
#include "kernels/simt/emulator.h"

namespace albert::kernels::simt {

class EmulatedBackend final : public Backend, private Submitter, private CallObserver {
 public:
  explicit EmulatedBackend(const BackendOptions& options);

  Stream stream() override;
  std::string description() const override { return "an emulated card"; }
  int64_t card_memory() const override { return memory_.limit(); }
  size_t workspace_bytes() const override { return workspace_bytes_; }
  void* allocate(size_t bytes) override { return bytes == 0 ? nullptr : memory_.allocate(bytes); }
  void release(void* block, size_t) noexcept override { memory_.release(block); }

  bool host_accessible() const override { return false; }
  void copy_to_device(void* device, const void* host, size_t bytes) override;
  void copy_to_host(void* host, const void* device, size_t bytes) override;
  void clear(void* device, size_t bytes) override;
  void synchronize() override {}

  bool can_record() const override { return true; }
  void begin_recording() override;
  std::unique_ptr<Recording> end_recording() override;

  // For tests: the order threads run in, how much memory the card has and products want, how many launches ran outside
  // of replays.
  void set_schedule(const Schedule& schedule) { queue_.schedule = schedule; }
  void set_memory_limit(size_t bytes) { memory_.set_limit(bytes); }
  void set_workspace(size_t bytes) { workspace_bytes_ = bytes; }
  size_t used_memory() const { return memory_.used(); }
  int64_t submitted() const { return submitted_; }
  CublasStandIn& cublas_library() { return cublas_library_; }
  CudnnStandIn* cudnn() { return cudnn_.get(); }

 private:
  using Work = std::vector<std::function<void()>>;
  class Replay;

  void submit(std::function<void()> work) override;
  void call(const char* kernel) override { kernel_ = kernel; }
  void operand(const Tensor& tensor) override;
  void attribute(uint64_t) override {}
  void check_copy(const void* device, size_t bytes) const;

  DeviceMemory memory_;
  CublasStandIn cublas_library_;
  CublasContext cublas_;
  std::unique_ptr<CudnnStandIn> cudnn_;
  int threads_;
  Isa isa_;
  Queue queue_;
  const char* kernel_ = "";
  std::unique_ptr<Work> recording_;
  int64_t submitted_ = 0;
  size_t workspace_bytes_ = 4096;
};

}  // namespace albert::kernels::simt
