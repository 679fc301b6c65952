#pragma once
// Where tests run kernels: the CPU; in the emulated build the emulated card, so that every test of a kernel is one of
// its CUDA twin too.
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"
#if defined(ALBERT_CUDA_EMULATED)
#include "kernels/simt/emulator.h"
#endif

namespace albert::testing {

// A stream and what it needs. Lives as long as the Device.
#if defined(ALBERT_CUDA_EMULATED)
constexpr Device kTestedDevice = Device::kCuda;

struct TestDevice {
  explicit TestDevice(int threads = 1, kernels::Isa isa = kernels::detect_isa())
      : backend(kernels::make_backend({.device = Device::kCuda, .threads = threads, .isa = isa})) {}
  explicit TestDevice(kernels::simt::Schedule chosen) : TestDevice() { queue.schedule = chosen; }
  // Operands may lie anywhere: between the guard pages of a TestTensor, not in the backend's memory.
  kernels::Stream stream() const {
    kernels::Stream s = backend->stream();
    s.observer = nullptr;
    s.queue = &queue;
    return s;
  }
  std::unique_ptr<kernels::Backend> backend;
  mutable kernels::simt::Queue queue{{kernels::simt::Order::kRandom}};
};
#else
constexpr Device kTestedDevice = Device::kCpu;

struct TestDevice {
  explicit TestDevice(int threads = 1, kernels::Isa isa = kernels::detect_isa())
      : backend(kernels::make_backend({.device = Device::kCpu, .threads = threads, .isa = isa})) {}
  kernels::Stream stream() const { return backend->stream(); }
  std::unique_ptr<kernels::Backend> backend;
};
#endif

// Every instruction set this machine can run, slowest first; the emulated card has but one.
inline std::vector<kernels::Isa> available_isas() {
  if (kTestedDevice == Device::kCuda) return {kernels::detect_isa()};
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

// The CPU's for one instruction set: 1, 2 and 5 threads. The card's: the emulator's schedules.
inline std::vector<Way> ways_to_run([[maybe_unused]] kernels::Isa isa) {
  std::vector<Way> ways;
#if defined(ALBERT_CUDA_EMULATED)
  using kernels::simt::Order;
  ways.push_back({"forward", TestDevice(kernels::simt::Schedule{Order::kForward})});
  ways.push_back({"reverse", TestDevice(kernels::simt::Schedule{Order::kReverse, 6, true})});
  ways.push_back({"random", TestDevice(kernels::simt::Schedule{Order::kRandom, 7})});
  ways.push_back({"greedy", TestDevice(kernels::simt::Schedule{Order::kGreedy, 8, true})});
#else
  for (const int threads : {1, 2, 5})
    ways.push_back(
        {std::string(kernels::name_of(isa)) + ", threads: " + std::to_string(threads), TestDevice(threads, isa)});
#endif
  return ways;
}

}  // namespace albert::testing
