#include "albert/kernels/unpack_rows.h"
#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// from: null for zeros.
template <class F>
void unpack_row(Acc<F>* to, const F* from, int64_t cols) {
  if (!from) {
    std::memset(to, 0, static_cast<size_t>(cols) * sizeof *to);
    return;
  }
#pragma omp simd
  for (int64_t c = 0; c < cols; ++c) to[c] = load(from[c]);
}

}  // namespace

void unpack_rows(Stream s, Tensor y, Tensor x, Tensor rows) {
  const int64_t cols = x.shape[1];
  const auto* row = data<const int32_t>(rows);
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    parallel_blocks(s, y.shape[0], rows_per_task(cols), [=](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        unpack_row(data<Acc<F>>(y) + p * cols,
                   row[p] < 0 ? nullptr : data<const F>(x) + row[p] * cols, cols);
    });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
