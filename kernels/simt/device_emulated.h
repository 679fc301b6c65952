#pragma once
// simt.h for a host compiler: every device function asks the emulator. Included by simt.h only.
#include "kernels/simt/emulator.h"

#define SIMT_KERNEL(threads) void
#define SIMT_DEVICE inline

namespace albert::kernels::simt {

SIMT_DEVICE int thread() { return emulator::thread(); }
SIMT_DEVICE int threads() { return emulator::threads(); }
SIMT_DEVICE int64_t block() { return emulator::block(); }

template <class T>
SIMT_DEVICE T* shared() {
  return static_cast<T*>(emulator::shared());
}

SIMT_DEVICE void barrier(int line = __builtin_LINE()) { emulator::barrier(line); }

template <class T>
SIMT_DEVICE T shuffle_xor(T v, int mask, int line = __builtin_LINE()) {
  struct Operand {
    T v, result;
    int mask;
  } mine{v, v, mask};
  emulator::warp_operation("shuffle_xor", line, &mine, [](void* const* operands) {
    for (int i = 0; i < kWarp; ++i) {
      auto* operand = static_cast<Operand*>(operands[i]);
      operand->result = static_cast<const Operand*>(operands[(i ^ operand->mask) % kWarp])->v;
    }
  });
  return mine.result;
}

SIMT_DEVICE uint32_t ballot(bool predicate, int line = __builtin_LINE()) {
  struct Operand {
    bool predicate;
    uint32_t result;
  } mine{predicate, 0};
  emulator::warp_operation("ballot", line, &mine, [](void* const* operands) {
    uint32_t bits = 0;
    for (int i = 0; i < kWarp; ++i) bits |= static_cast<uint32_t>(static_cast<Operand*>(operands[i])->predicate) << i;
    for (int i = 0; i < kWarp; ++i) static_cast<Operand*>(operands[i])->result = bits;
  });
  return mine.result;
}

SIMT_DEVICE int lowest_bit(uint32_t bits) { return __builtin_ctz(bits); }

// Runs all blocks before it returns. Error(kInternal) names the first thing a GPU would not forgive.
template <class... Parameters, class... Arguments>
void launch(const Stream& s, const Launch& shape, void (*kernel)(Parameters...), const Arguments&... arguments) {
  const auto* schedule = static_cast<const Schedule*>(s.queue);
  emulator::run(schedule ? *schedule : Schedule{}, shape, [&] { kernel(arguments...); });
}

}  // namespace albert::kernels::simt
