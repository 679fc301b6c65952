#pragma once
// What plain matmuls (matmul_cpu.cpp) and matmuls with packed weights (linear_cpu.cpp) share.
// Internal to both.
#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>

#include "albert/kernels/cpu/matmul_onednn.h"
#include "albert/kernels/parallel.h"
#include "albert/kernels/matmul.h"

namespace albert::kernels::cpu {

// parallel_for for bodies that may throw (out of memory): the first exception comes out on the
// calling thread.
template <class Body>
void parallel_tasks(const Stream& s, int64_t n, const Body& body) {
  std::mutex mutex;
  std::exception_ptr error;
  parallel_for(s, n, [&](int64_t i) {
    try {
      body(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  });
  if (error) std::rethrow_exception(error);
}

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

// What packed weights hold: bf16 only where the ISA multiplies it.
inline DType packed_dtype(const Stream& s, DType dtype) {
  return dtype == DType::kBF16 && !s.matmul->native_bf16() ? DType::kF32 : dtype;
}

// Whose f32 matmul: on AVX2 our own is faster than oneDNN's and OpenBLAS's on the blocks of large
// matmuls (docs/benchmarks) and needs no rows of zeros; elsewhere it is oneDNN's.
inline bool own_product(const Stream& s, DType dtype) {
  return s.isa == Isa::kAvx2 && packed_dtype(s, dtype) == DType::kF32;
}

// The last rows of x w^T, too few for oneDNN to round them as it does the others: x with zeros
// below, y beside it.
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
  // `rows` of x and y, their rows `stride` elements apart.
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
