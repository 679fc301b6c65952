#include "albert/kernels/cpu/dropout_mask.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

constexpr int64_t kRun = 256;  // factors are made for so many columns at once

template <class F>
void apply(const Stream& s, Tensor to, Grad mode, Tensor from, const Dropout& dropout) {
  const int64_t cols = from.shape[1];
  const F* source = data<F>(from);
  F* destination = data<F>(to);
  const int64_t* row_ids = data<int64_t>(dropout.row_ids);
  parallel_blocks(s, from.shape[0], rows_per_task(cols), [=](int64_t begin, int64_t end) {
    Acc<F> factors[kRun];
    for (int64_t c = 0; c < kRun; ++c) factors[c] = 1;
    for (int64_t r = begin; r < end; ++r)
      for (int64_t c = 0; c < cols; c += kRun) {
        const int64_t n = std::min(kRun, cols - c), at = r * cols + c;
        if (dropout.probability > 0) dropout_factors(factors, dropout, row_ids[r], c, n);
        for (int64_t i = 0; i < n; ++i)
          store(destination[at + i], load(source[at + i]) * factors[i], mode);
      }
  });
}

}  // namespace

void dropout_forward(Stream s, Tensor y, Tensor x, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    apply<typename decltype(tag)::type>(s, y, Grad::kAssign, x, dropout);
  });
}

void dropout_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dy, const Dropout& dropout) {
  for_float(dy.dtype,
            [&](auto tag) { apply<typename decltype(tag)::type>(s, dx, dx_mode, dy, dropout); });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
