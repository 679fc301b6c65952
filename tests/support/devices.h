#pragma once
// Where tests run kernels: the CPU; in the emulated build the emulated GPU, so that every test of a
// kernel is one of its CUDA twin too. ALBERT_TEST_DEVICE=cuda or cuda:N: a GPU's own memory (of the
// emulated one, in that build), which TestTensors are copied to and from.
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "albert/kernels/backend.h"
#if defined(ALBERT_CUDA_EMULATED)
#include "albert/kernels/emulator/emulator.h"
#endif

namespace albert::testing {

// The GPU whose own memory tests use; null where it is not asked for.
inline kernels::Backend* gpu() {
  static const std::unique_ptr<kernels::Backend> backend =
      []() -> std::unique_ptr<kernels::Backend> {
    const char* const asked = std::getenv("ALBERT_TEST_DEVICE");
    const std::string name = asked ? asked : "";
    if (name.rfind("cuda", 0) != 0) return nullptr;
    return kernels::make_backend(
        {.device = Device::kCuda, .gpu = name.size() > 5 ? std::stoi(name.substr(5)) : 0});
  }();
  return backend.get();
}

#if defined(ALBERT_CUDA_EMULATED)
inline Device tested_device() { return Device::kCuda; }
#else
inline Device tested_device() { return gpu() ? Device::kCuda : Device::kCpu; }
#endif

constexpr size_t kTestWorkspace = 4 << 20;  // bytes of Stream::workspace for a test's kernels

// A stream with a workspace that all tests share: what it holds is of kernels that ran before.
inline kernels::Stream with_workspace(kernels::Stream s) {
  if (s.device != Device::kCuda) return s;
  static const kernels::Buffer on_gpu =
      gpu() ? kernels::Buffer(*gpu(), kTestWorkspace) : kernels::Buffer();
  static std::vector<std::byte> on_host(gpu() ? 0 : kTestWorkspace, std::byte{0xff});  // NaN
  s.workspace = gpu() ? on_gpu.data() : on_host.data();
  s.workspace_bytes = kTestWorkspace;
  return s;
}

// Whether the tested kernels take f64. A GPU's do not, nor do the emulated GPU's where it stands
// for one; what they compute is compared with f64 on the CPU (OnCpu).
inline bool computes_f64() { return gpu() == nullptr; }

// A stream and what it needs. Lives as long as the Device.
struct TestDevice {
  explicit TestDevice(int threads = 1, kernels::Isa isa = kernels::detect_isa())
      : backend(gpu() ? nullptr
                      : kernels::make_backend(
                            {.device = tested_device(), .threads = threads, .isa = isa})) {}
#if defined(ALBERT_CUDA_EMULATED)
  explicit TestDevice(kernels::simt::Schedule chosen) : TestDevice() { queue.schedule = chosen; }
  // Operands may lie anywhere: between the guard pages of a TestTensor, not in the backend's
  // memory.
  kernels::Stream stream() const {
    if (gpu()) return with_workspace(gpu()->stream());
    kernels::Stream s = backend->stream();
    s.observer = nullptr;
    s.queue = &queue;
    return with_workspace(s);
  }
  mutable kernels::simt::Queue queue{{kernels::simt::Order::kRandom}};
#else
  kernels::Stream stream() const {
    return with_workspace((gpu() ? gpu() : backend.get())->stream());
  }
#endif
  std::unique_ptr<kernels::Backend> backend;
};

// The CPU, where f64 references are computed. While one lives, TestTensors hand out the host's
// memory, which its kernels take.
class OnCpu {
 public:
  OnCpu() { ++living(); }
  ~OnCpu() { --living(); }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;
  kernels::Stream stream() const { return backend_->stream(); }
  static bool asked_for() { return living() > 0; }

 private:
  static int& living() {
    static int count = 0;
    return count;
  }
  std::unique_ptr<kernels::Backend> backend_ =
      kernels::make_backend({.device = Device::kCpu, .threads = 1});
};

// Every instruction set this machine can run, slowest first; a GPU has but one.
inline std::vector<kernels::Isa> available_isas() {
  if (tested_device() == Device::kCuda) return {kernels::detect_isa()};
  std::vector<kernels::Isa> isas;
  for (const auto isa : {kernels::Isa::kGeneric, kernels::Isa::kAvx2, kernels::Isa::kAvx512})
    if (isa <= kernels::detect_isa()) isas.push_back(isa);
  return isas;
}

// A way of running that must not change a bit, and its name.
struct Way {
  std::string name;
  TestDevice device;
};

// The CPU's for one instruction set: 1, 2 and 5 threads. The emulated GPU's: its schedules. A
// GPU's: again.
inline std::vector<Way> ways_to_run([[maybe_unused]] kernels::Isa isa) {
  std::vector<Way> ways;
  if (gpu()) {
    ways.push_back({"a GPU", TestDevice()});
    return ways;
  }
#if defined(ALBERT_CUDA_EMULATED)
  using kernels::simt::Order;
  ways.push_back({"forward", TestDevice(kernels::simt::Schedule{Order::kForward})});
  ways.push_back({"reverse", TestDevice(kernels::simt::Schedule{Order::kReverse, 6, true})});
  ways.push_back({"random", TestDevice(kernels::simt::Schedule{Order::kRandom, 7})});
  ways.push_back({"greedy", TestDevice(kernels::simt::Schedule{Order::kGreedy, 8, true})});
#else
  for (const int threads : {1, 2, 5})
    ways.push_back({std::string(kernels::name_of(isa)) + ", threads: " + std::to_string(threads),
                    TestDevice(threads, isa)});
#endif
  return ways;
}

}  // namespace albert::testing
