#pragma once
// Implements simt.h for a host compiler: every device function calls the emulator. Only simt.h
// includes this file.
#include <cmath>
#include <cstring>
#include <limits>

#include "albert/kernels/dtype.h"
#include "albert/kernels/emulator/emulator.h"

#define SIMT_KERNEL(...) void
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
    for (int i = 0; i < kWarp; ++i)
      bits |= static_cast<uint32_t>(static_cast<Operand*>(operands[i])->predicate) << i;
    for (int i = 0; i < kWarp; ++i) static_cast<Operand*>(operands[i])->result = bits;
  });
  return mine.result;
}

namespace emulator {

// Reads half h of a register that holds two 16-bit elements.
inline uint16_t half_of(uint32_t pair, int h) { return static_cast<uint16_t>(pair >> (16 * h)); }

template <class F>
float element_of(uint32_t pair, int h) {
  F value;
  value.bits = half_of(pair, h);
  return static_cast<float>(value);
}

struct MatrixLoad {
  const void* row;
  uint32_t* matrix;
};

template <bool kTransposed>
void load_matrices(void* const* operands) {
  const auto load = [&](int lane) { return static_cast<const MatrixLoad*>(operands[lane]); };
  for (int m = 0; m < 4; ++m)
    for (int l = 0; l < kWarp; ++l) {
      uint16_t pair[2];
      for (int h = 0; h < 2; ++h) {
        const int row = l / 4, column = 2 * (l % 4) + h;
        const int from_row = kTransposed ? column : row, from_column = kTransposed ? row : column;
        pair[h] = static_cast<const uint16_t*>(load(8 * m + from_row)->row)[from_column];
      }
      load(l)->matrix[m] = pair[0] | static_cast<uint32_t>(pair[1]) << 16;
    }
}

struct Fragments {
  float* c;
  const uint32_t* a;
  uint32_t b[2];
};

template <class F>
void multiply_add(void* const* operands) {
  const auto of = [&](int lane) { return static_cast<const Fragments*>(operands[lane]); };
  for (int l = 0; l < kWarp; ++l)
    for (int i = 0; i < 4; ++i) {
      const int row = l / 4 + 8 * (i / 2), column = 2 * (l % 4) + i % 2;
      float sum = 0;
      for (int k = 0; k < 16; ++k) {
        const int within = k % 8, half = k / 8;
        const float a =
            element_of<F>(of(row % 8 * 4 + within / 2)->a[row / 8 + 2 * half], within % 2);
        const float b = element_of<F>(of(column * 4 + within / 2)->b[half], within % 2);
        sum += a * b;
      }
      of(l)->c[i] += sum;
    }
}

}  // namespace emulator

template <bool kTransposed>
SIMT_DEVICE void load_matrices(uint32_t (&matrix)[4], const void* row,
                               int line = __builtin_LINE()) {
  emulator::MatrixLoad mine{row, matrix};
  emulator::warp_operation("load_matrices", line, &mine, emulator::load_matrices<kTransposed>);
}

template <class F>
SIMT_DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
                              int line = __builtin_LINE()) {
  emulator::Fragments mine{c, a, {b0, b1}};
  emulator::warp_operation("multiply_add", line, &mine, emulator::multiply_add<F>);
}

template <class F>
SIMT_DEVICE F round_to(float value) {
  F rounded(value);
  if (value != value) rounded.bits = 0x7fff;
  return rounded;
}
template <class F>
SIMT_DEVICE float to_float(F value) {
  return static_cast<float>(value);
}
template <class F>
SIMT_DEVICE uint32_t round_pair_to(float first, float second) {
  return round_to<F>(first).bits | static_cast<uint32_t>(round_to<F>(second).bits) << 16;
}
template <class F>
SIMT_DEVICE void pair_to_floats(float& first, float& second, uint32_t pair) {
  first = emulator::element_of<F>(pair, 0);
  second = emulator::element_of<F>(pair, 1);
}

SIMT_DEVICE void copy_async(void* to, const void* from, bool inside) {
  emulator::copy_async(to, from, inside);
}
SIMT_DEVICE void commit_copies() { emulator::commit_copies(); }
template <int kGroups>
SIMT_DEVICE void wait_copies() {
  emulator::wait_copies(kGroups);
}

SIMT_DEVICE float exp2(float x) {
  const float power = std::exp2(x);
  return power < std::numeric_limits<float>::min() ? 0 : power;
}

SIMT_DEVICE int lowest_bit(uint32_t bits) { return __builtin_ctz(bits); }

// Runs all blocks before it returns, unless the queue defers them. Error(kInternal) names the first
// fault that would be undefined behaviour on a GPU.
template <class... Parameters, class... Arguments>
void launch(const Stream& s, const Launch& shape, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  emulator::submit(s, [=](const Schedule& schedule) {
    emulator::run(schedule, shape, [&] { kernel(arguments...); });
  });
}

}  // namespace albert::kernels::simt
