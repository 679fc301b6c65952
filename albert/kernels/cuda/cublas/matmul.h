#pragma once
// Translates a matmul from our row-major terms to cuBLASLt's column-major ones. Pure functions:
// they need no library and no GPU.
#include <compare>
#include <optional>
#include <string>

#include "albert/kernels/activation.h"
#include "albert/kernels/cuda/cublas/lt.h"

namespace albert::kernels {

// Row-major c [m, n] (+)= op(a) [m, k] op(b) [k, n] with its epilogue. It is the key of cuBLASLt's
// choice, which depends on every field.
struct CublasMatmul {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  DType in = DType::kF32, out = DType::kF32;
  bool tf32 = false;  // with f32: operands are rounded to TF32
  uint32_t epilogue = cublas_lt::kDefault;
  int alignment =
      256;  // bytes every operand's address is a multiple of: a power of two, at most 256
  size_t workspace_bytes = 0;
  auto operator<=>(const CublasMatmul&) const = default;
};

// "128 30000 768 n t bf16 f32 tf32=0 epilogue=4 align=256 workspace=33554432"
std::string text_of(const CublasMatmul& matmul);

// A row-major matrix is the transpose of the column-major one in the same memory. So cuBLASLt
// computes c's transpose d [n, m] = op(b)T op(a)T: its first operand is our b, its second our a.
struct ColumnMajor {
  struct Matrix {
    int64_t rows, cols;  // as laid out in memory; the stride is `rows`
    bool transposed;
  };
  Matrix first, second, d;
};
ColumnMajor column_major(const CublasMatmul& matmul);

cublas_lt::DataType type_of(DType dtype);  // float types only
cublas_lt::ComputeType compute_type_of(const CublasMatmul& matmul);

// The epilogue that adds a bias, applies the activation and, with keep, also writes the
// activation's input; none if cuBLASLt has no such epilogue.
std::optional<uint32_t> forward_epilogue(Activation activation, bool bias, bool keep);
// The epilogue that multiplies by activation'(kept) and, with bias_gradient, sums the rows of the
// result.
std::optional<uint32_t> backward_epilogue(Activation activation, bool bias_gradient);
// cuBLASLt's conditions on the matrix [.., cols] that kAux writes or reads.
bool fits_aux(const void* matrix, int64_t cols);

// The largest power of two, at most 256, that divides all addresses; null divides by all.
int common_alignment(std::initializer_list<const void*> addresses);

}  // namespace albert::kernels
