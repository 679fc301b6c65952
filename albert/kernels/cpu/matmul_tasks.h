#pragma once
// Shared by plain matmuls (matmul.cpp) and matmuls with packed weights (linear.cpp), and internal
// to both.
#include <algorithm>
#include <cstring>

#include "albert/kernels/cpu/matmul_onednn.h"
#include "albert/kernels/cpu/parallel.h"
#include "albert/kernels/matmul.h"

namespace albert::kernels::cpu {

inline int64_t round_up(int64_t n, int64_t multiple) { return blocks_of(n, multiple) * multiple; }
inline size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

inline const std::byte* at(const void* data, int64_t element, DType t) {
  return static_cast<const std::byte*>(data) + static_cast<size_t>(element) * size_of(t);
}
inline std::byte* at(void* data, int64_t element, DType t) {
  return static_cast<std::byte*>(data) + static_cast<size_t>(element) * size_of(t);
}

inline void widen(float* to, int64_t to_stride, const void* from, int64_t from_stride, int64_t rows,
                  int64_t cols) {
  const auto* source = static_cast<const BFloat16*>(from);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < cols; ++c)
      to[r * to_stride + c] = static_cast<float>(source[r * from_stride + c]);
}

// Packed weights are bf16 only where the ISA multiplies bf16, otherwise f32.
inline DType packed_dtype(const Stream& s, DType dtype) {
  return dtype == DType::kBF16 && !s.matmul->native_bf16() ? DType::kF32 : dtype;
}

// Whether our own kernel computes f32 matmuls. With AVX2 it is faster than oneDNN and OpenBLAS on
// the blocks of large matmuls (docs/benchmarks) and needs no rows of zeros.
inline bool uses_own_gemm(const Stream& s, DType dtype) {
  return s.isa == Isa::kAvx2 && packed_dtype(s, dtype) == DType::kF32;
}

// Scratch for the last rows of x w^T. These are too few for oneDNN to round them as it does the
// others, so x is filled up with rows of zeros; y lies beside it.
class PaddedRows {
 public:
  struct Side {
    int64_t rows, cols;
    DType dtype;
    size_t row_bytes() const { return static_cast<size_t>(cols) * size_of(dtype); }
    size_t bytes() const { return aligned(static_cast<size_t>(rows) * row_bytes()); }
  };
  PaddedRows(OneDnnContext& context, Side x, Side y)
      : x_(x), y_(y), scratch_(context, x.bytes() + y.bytes()) {}
  std::byte* x() const { return static_cast<std::byte*>(scratch_.data()); }
  std::byte* y() const { return x() + x_.bytes(); }
  // Both copy `rows` rows, which are `stride` elements apart outside.
  void read(const void* from, int64_t stride, int64_t rows) const {
    std::memset(x(), 0, x_.bytes());
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(at(x(), r * x_.cols, x_.dtype), at(from, r * stride, x_.dtype), x_.row_bytes());
  }
  void write(void* to, int64_t stride, int64_t rows) const {
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(at(to, r * stride, y_.dtype), at(y(), r * y_.cols, y_.dtype), y_.row_bytes());
  }

 private:
  Side x_, y_;
  OneDnnContext::Scratch scratch_;
};

}  // namespace albert::kernels::cpu
