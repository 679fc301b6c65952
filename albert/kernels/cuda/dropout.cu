#include "albert/kernels/cuda/dropout.h"
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {
namespace {

// to (mode)= from * factors, for N columns of a row.
template <class F, int N>
struct Apply {
  SIMT_DEVICE void operator()(int64_t row, int64_t pack) const {
    const int64_t column = pack * N, at = row * cols + column;
    Acc<F> x[N], factor[N];
    load_pack<N>(x, from + at);
    factors.fill(factor, row, column);
#pragma unroll
    for (int j = 0; j < N; ++j) x[j] *= factor[j];
    store_pack<N>(to + at, x, mode);
  }
  F* to;
  Grad mode;
  const F* from;
  int64_t cols;
  DropoutFactors<Acc<F>> factors;
};

void apply(const Stream& s, Tensor to, Grad mode, Tensor from, const Dropout& dropout) {
  if (mode == Grad::kIgnore) return;
  for_float(from.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t rows = from.shape[0], cols = from.shape[1];
    for_width<F>(packs_fit<F>(cols, data<F>(to), data<F>(from)), [&](auto width) {
      constexpr int N = decltype(width)::value;
      const DropoutFactors<Acc<F>> factors(dropout);
      for_row_packs(s, rows, cols / N,
                    Apply<F, N>{data<F>(to), mode, data<F>(from), cols, factors});
    });
  });
}

}  // namespace

void dropout_forward(Stream s, Tensor y, Tensor x, const Dropout& dropout) {
  apply(s, y, Grad::kAssign, x, dropout);
}

void dropout_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dy, const Dropout& dropout) {
  apply(s, dx, dx_mode, dy, dropout);
}

}  // namespace albert::kernels::cuda
