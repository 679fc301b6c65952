#pragma once
// A matmul of our own in f32, single-threaded, for the tasks of matmul_cpu.cpp and linear_cpu.cpp;
// matmul_tasks.h says where it is used. Each element is a sum in ascending order of the inner
// dimension, so its bits follow from its row and its column alone.
#include <cstddef>

#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// One single-threaded matmul c[m, n] (+)= op(a) op(b), row strides in elements.
struct MatmulTask {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_stride = 0, b_stride = 0, c_stride = 0;
  bool transpose_a = false, transpose_b = false, accumulate = false;
};

constexpr int64_t kTileDepth = 384;      // of the inner dimension: how much is multiplied at a time
constexpr int64_t kTileSliver = 6;       // rows of a that meet in registers
constexpr int64_t kTileRowsAtOnce = 96;  // of a, packed: a quarter of a Zen 3's L2

// Floats of op(b) [k, n] packed, and of scratch for a matmul with it: whole vectors of every
// instruction set. Packed are panels kTileDepth deep, one after the other; those of k rows have the
// size of k rows packed.
constexpr int64_t tile_packed_size(int64_t n, int64_t k) { return (n + 31) / 32 * 32 * k; }
constexpr int64_t tile_scratch_size(int64_t k) {
  return kTileRowsAtOnce * (k < kTileDepth ? k : kTileDepth) + 16;
}

// packed [tile_packed_size(n, k)] = op(b) of the task, whose m, a and c do not matter.
ALBERT_KERNEL(void tile_pack(Stream s, float* packed, const float* b, const MatmulTask& task))

// c (+)= op(a) packed, or op(a) packed + bias [n], which is null or goes without `accumulate`.
// scratch [tile_scratch_size(k)]
ALBERT_KERNEL(void tile_multiply(Stream s, float* c, const float* a, const float* packed,
                                 const float* bias, float* scratch, const MatmulTask& task))

}  // namespace albert::kernels
