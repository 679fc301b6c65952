#include "albert/kernels/row_ops.h"
#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

constexpr int64_t kColumns = 64;      // one task sums so many columns over all rows
constexpr int64_t kElements = 16384;  // one task copies so many

void zero_rows(const Stream& s, Tensor x) {
  const size_t row_bytes = static_cast<size_t>(x.shape[1]) * size_of(x.dtype);
  parallel_blocks(s, x.shape[0], rows_per_task(x.shape[1]), [=](int64_t begin, int64_t end) {
    std::memset(data<std::byte>(x) + static_cast<size_t>(begin) * row_bytes, 0,
                static_cast<size_t>(end - begin) * row_bytes);
  });
}

template <class To, class From>
void cast_block(To* to, Grad mode, const From* from, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) store(to[i], static_cast<Acc<To>>(load(from[i])), mode);
}

// Adds the sum of x[r, c] over rows to total[c], for c in [begin, end), at most kColumns of them.
template <class F>
void sum_columns(Acc<F>* total, const F* x, int64_t rows, int64_t cols, int64_t begin,
                 int64_t end) {
  Acc<F> sum[kColumns] = {};
  for (int64_t r = 0; r < rows; ++r) {
#pragma omp simd
    for (int64_t c = begin; c < end; ++c) sum[c - begin] += load(x[r * cols + c]);
  }
  for (int64_t c = begin; c < end; ++c) total[c] += sum[c - begin];
}

}  // namespace

void gather_rows(Stream s, Tensor y, Tensor x, Tensor index) {
  const int64_t cols = y.shape[1];
  const size_t row_bytes = static_cast<size_t>(cols) * size_of(y.dtype);
  const auto* id = data<const int32_t>(index);
  parallel_blocks(s, y.shape[0], rows_per_task(cols), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      std::memcpy(data<std::byte>(y) + static_cast<size_t>(r) * row_bytes,
                  data<const std::byte>(x) + static_cast<size_t>(id[r]) * row_bytes, row_bytes);
  });
}

void scatter_rows(Stream s, Tensor dx, Grad dx_mode, Tensor dy, Tensor index) {
  const int64_t rows = dy.shape[0], cols = dy.shape[1];
  const auto* id = data<const int32_t>(index);
  if (dx_mode == Grad::kAssign) zero_rows(s, dx);
  for_float(dx.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    parallel_blocks(s, cols, kColumns, [=](int64_t begin, int64_t end) {
      for (int64_t r = 0; r < rows; ++r) {
        F* to = data<F>(dx) + id[r] * cols;
        const F* from = data<const F>(dy) + r * cols;
#pragma omp simd
        for (int64_t c = begin; c < end; ++c) store(to[c], load(from[c]), Grad::kAdd);
      }
    });
  });
}

void accumulate(Stream s, Tensor dst, Grad mode, Tensor src) {
  for_float(dst.dtype, [&](auto to) {
    for_float(src.dtype, [&](auto from) {
      using To = typename decltype(to)::type;
      using From = typename decltype(from)::type;
      parallel_blocks(s, dst.shape.size(), kElements, [=](int64_t begin, int64_t end) {
        cast_block(data<To>(dst) + begin, mode, data<const From>(src) + begin, end - begin);
      });
    });
  });
}

void sum_rows(Stream s, Tensor total, Tensor x) {
  const int64_t rows = x.shape[0], cols = x.shape[1];
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    parallel_blocks(s, cols, kColumns, [=](int64_t begin, int64_t end) {
      sum_columns(data<Acc<F>>(total), data<const F>(x), rows, cols, begin, end);
    });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
