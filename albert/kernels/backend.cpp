#include "albert/kernels/backend.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "albert/kernels/cpu/backend.h"
#include "albert/kernels/cpu/matmul_onednn.h"
#include "albert/kernels/cuda/runtime/backend.h"

namespace albert::kernels {
namespace {

// Plans what the CPU would allocate without allocating it: its addresses must not be accessed.
class MetaBackend final : public Backend {
 public:
  explicit MetaBackend(Isa isa) : isa_(isa), matmul_(make_onednn_context()) {}
  Stream stream() override {
    return {.device = Device::kMeta, .isa = isa_, .matmul = matmul_.get(), .observer = observer_};
  }
  std::string description() const override { return "no device: plans only"; }
  void* allocate(size_t bytes) override {
    return bytes == 0 ? nullptr : reinterpret_cast<void*>(4096);
  }
  void release(void*, size_t) noexcept override {}
  bool host_accessible() const override { return true; }
  void copy_to_device(void*, const void*, size_t) override {}
  void copy_to_host(void* host, const void*, size_t bytes) override { std::memset(host, 0, bytes); }
  void clear(void*, size_t) override {}
  void synchronize() override {}

 private:
  Isa isa_;
  OneDnnContextPtr matmul_;
};

class FinishedCopy final : public PendingCopy {
 public:
  explicit FinishedCopy(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  const void* wait() override { return bytes_.data(); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

std::unique_ptr<PendingCopy> Backend::start_copy_to_host(const void* device, size_t bytes) {
  std::vector<std::byte> host(bytes);
  copy_to_host(host.data(), device, bytes);
  return std::make_unique<FinishedCopy>(std::move(host));
}

void Backend::begin_capture() { fail(ErrorCode::kInternal, description(), " captures nothing"); }
std::unique_ptr<CapturedStep> Backend::end_capture() {
  fail(ErrorCode::kInternal, description(), " captures nothing");
}

std::unique_ptr<Backend> make_backend(const BackendOptions& options) {
  if (options.isa > detect_isa())
    fail(ErrorCode::kNoDevice, "this machine runs ", name_of(detect_isa()), ", not ",
         name_of(options.isa));
  ALBERT_CHECK(options.threads >= 0 && options.threads <= 4096, "threads ", options.threads);
  switch (options.device) {
    case Device::kMeta: return std::make_unique<MetaBackend>(options.isa);
    case Device::kCuda: return make_cuda_backend(options);
    case Device::kCpu: break;
  }
  return make_cpu_backend(options);
}

}  // namespace albert::kernels
