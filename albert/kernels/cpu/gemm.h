#pragma once
// Our own f32 matmul, on one thread, for the tasks of matmul.cpp and linear.cpp; matmul.cpp has a
// table of who multiplies what. Each element is summed in ascending order of the inner dimension,
// so its bits depend on its row and its column alone.
#include <cstddef>

#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// One single-threaded matmul c[m, n] = op(a) op(b), added to c with `accumulate`. Strides are those
// of rows, in elements.
struct MatmulTask {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_stride = 0, b_stride = 0, c_stride = 0;
  bool transpose_a = false, transpose_b = false, accumulate = false;
};

constexpr int64_t kGemmDepth = 384;      // so much of the inner dimension is multiplied at a time
constexpr int64_t kGemmSliver = 6;       // so many rows of a are in registers together
constexpr int64_t kGemmRowsAtOnce = 96;  // packed rows of a, a quarter of a Zen 3's L2

// The floats that op(b) [k, n] takes when packed, and those of scratch for a matmul with it: whole
// vectors of every instruction set. A packed matrix is a row of panels, each kGemmDepth deep; so
// its panels for the first k rows take gemm_packed_size(n, k).
constexpr int64_t gemm_packed_size(int64_t n, int64_t k) { return (n + 31) / 32 * 32 * k; }
constexpr int64_t gemm_scratch_size(int64_t k) {
  return kGemmRowsAtOnce * (k < kGemmDepth ? k : kGemmDepth) + 16;
}

// Packs op(b) of the task into packed [gemm_packed_size(n, k)]. The task's m, a and c do not
// matter.
ALBERT_KERNEL(void gemm_pack(Stream s, float* packed, const float* b, const MatmulTask& task))

// Sets c = op(a) packed, or adds that to c with `accumulate`. A bias [n] that is not null is added
// to every row, and excludes `accumulate`. scratch [gemm_scratch_size(k)]
ALBERT_KERNEL(void gemm_packed(Stream s, float* c, const float* a, const float* packed,
                               const float* bias, float* scratch, const MatmulTask& task))

}  // namespace albert::kernels
