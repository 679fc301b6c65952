#include "albert/kernels/layer_norm.h"

#include <cmath>

#include "albert/kernels/cuda/dropout.h"
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {
namespace {

constexpr int kRowThreads = 128;  // threads of the block that works on a row

// Computes h = dropout(x) + residual.
template <class F>
struct ResidualSum {
  ResidualSum(const Tensor& x_, const Tensor& residual_, const Dropout& dropout)
      : x(data<const F>(x_)),
        residual(data<const F>(residual_)),
        factors(dropout),
        cols(x_.shape[1]) {}

  // Columns [c, c + N) of a row.
  template <int N>
  SIMT_DEVICE void fill(Acc<F> (&h)[N], int64_t row, int64_t c) const {
    Acc<F> factor[N], more[N] = {};
    load_pack<N>(h, x + row * cols + c);
    factors.fill(factor, row, c);
    if (residual) load_pack<N>(more, residual + row * cols + c);
#pragma unroll
    for (int i = 0; i < N; ++i) h[i] = h[i] * factor[i] + more[i];
  }

  const F *x, *residual;
  DropoutFactors<Acc<F>> factors;
  int64_t cols;
};

// Calls body(c) for the first of every N columns that belong to this thread.
template <int N, class Body>
SIMT_DEVICE void over_columns(int64_t cols, const Body& body) {
  for (int64_t c = simt::thread() * N; c < cols; c += kRowThreads * N) body(c);
}

// Shared memory holds the row's h and the scratch of block_sum().
template <class A>
constexpr size_t forward_bytes(int64_t cols) {
  return (static_cast<size_t>(cols) + kMaxWarps) * sizeof(A);
}

template <class F>
struct ForwardOutputs {
  F* y;
  Acc<F>*mean, *rstd;
  const F *gamma, *beta;
  Acc<F> eps;
};

template <class F, int N>
SIMT_KERNEL(kRowThreads)
forward_kernel(ResidualSum<F> sum, ForwardOutputs<F> out) {
  using A = Acc<F>;
  A *const scratch = simt::shared<A>(), *const row_h = scratch + kMaxWarps;
  const int64_t row = simt::block(), cols = sum.cols;
  A total = 0, squares = 0;
  over_columns<N>(cols, [&](int64_t c) {
    A h[N];
    sum.fill(h, row, c);
    for (int i = 0; i < N; ++i) total += row_h[c + i] = h[i];
  });
  const A mean = block_sum(total, scratch) / static_cast<A>(cols);
  over_columns<N>(cols, [&](int64_t c) {
    for (int i = 0; i < N; ++i) squares += (row_h[c + i] - mean) * (row_h[c + i] - mean);
  });
  const A rstd = A(1) / std::sqrt(block_sum(squares, scratch) / static_cast<A>(cols) + out.eps);
  over_columns<N>(cols, [&](int64_t c) {
    A y[N], gamma[N], beta[N];
    load_pack<N>(gamma, out.gamma + c);
    load_pack<N>(beta, out.beta + c);
    for (int i = 0; i < N; ++i) y[i] = (row_h[c + i] - mean) * rstd * gamma[i] + beta[i];
    store_pack<N>(out.y + row * cols + c, y, Grad::kAssign);
  });
  if (simt::thread() != 0) return;
  out.mean[row] = mean;
  out.rstd[row] = rstd;
}

template <class F>
struct BackwardOperands {
  F *dx, *dresidual;
  Grad dx_mode, dresidual_mode;
  const F *dy, *gamma;
  const Acc<F>*mean, *rstd;
};

// Shared memory holds the row's xhat and dy * gamma, and the scratch of block_sum().
template <class A>
constexpr size_t backward_bytes(int64_t cols) {
  return (2 * static_cast<size_t>(cols) + kMaxWarps) * sizeof(A);
}

template <class F, int N>
SIMT_KERNEL(kRowThreads)
backward_kernel(ResidualSum<F> sum, BackwardOperands<F> g) {
  using A = Acc<F>;
  A *const scratch = simt::shared<A>(), *const xhat = scratch + kMaxWarps,
           *const scaled = xhat + sum.cols;
  const int64_t row = simt::block(), cols = sum.cols;
  const A mean = g.mean[row], rstd = g.rstd[row];
  A sum_g = 0, sum_gx = 0;
  over_columns<N>(cols, [&](int64_t c) {
    A h[N], dy[N], gamma[N];
    sum.fill(h, row, c);
    load_pack<N>(dy, g.dy + row * cols + c);
    load_pack<N>(gamma, g.gamma + c);
    for (int i = 0; i < N; ++i) {
      xhat[c + i] = (h[i] - mean) * rstd;
      scaled[c + i] = dy[i] * gamma[i];
      sum_g += scaled[c + i];
      sum_gx += scaled[c + i] * xhat[c + i];
    }
  });
  const A mean_g = block_sum(sum_g, scratch) / static_cast<A>(cols);
  const A mean_gx = block_sum(sum_gx, scratch) / static_cast<A>(cols);
  over_columns<N>(cols, [&](int64_t c) {
    const int64_t at = row * cols + c;
    A dh[N], factor[N];
    for (int i = 0; i < N; ++i) dh[i] = rstd * (scaled[c + i] - mean_g - xhat[c + i] * mean_gx);
    store_pack<N>(g.dresidual + at, dh, g.dresidual_mode);
    sum.factors.fill(factor, row, c);
    for (int i = 0; i < N; ++i) dh[i] *= factor[i];
    store_pack<N>(g.dx + at, dh, g.dx_mode);
  });
}

// The contributions of one element to dgamma and dbeta.
template <class F>
struct ParameterTerm {
  SIMT_DEVICE void operator()(Acc<F> (&total)[2], int64_t r, int64_t c) const {
    Acc<F> h[1];
    sum.fill(h, r, c);
    const Acc<F> gradient = load(dy[r * sum.cols + c]);
    total[0] += gradient * (h[0] - mean[r]) * rstd[r];
    total[1] += gradient;
  }
  ResidualSum<F> sum;
  const F* dy;
  const Acc<F>*mean, *rstd;
};

}  // namespace

void layer_norm_forward(Stream s, Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor residual,
                        Tensor gamma, Tensor beta, double eps, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const ResidualSum<F> sum(x, residual, dropout);
    const ForwardOutputs<F> out{data<F>(y),           data<A>(mean),       data<A>(rstd),
                                data<const F>(gamma), data<const F>(beta), static_cast<A>(eps)};
    for_width<F>(packs_fit<F>(sum.cols, sum.x, sum.residual, out.y, out.gamma, out.beta),
                 [&](auto width) {
                   simt::launch(s, {x.shape[0], kRowThreads, forward_bytes<A>(sum.cols)},
                                forward_kernel<F, decltype(width)::value>, sum, out);
                 });
  });
}

void layer_norm_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dresidual, Grad dresidual_mode,
                         Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor residual,
                         Tensor mean, Tensor rstd, Tensor gamma, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const ResidualSum<F> sum(x, residual, dropout);
    const BackwardOperands<F> g{data<F>(dx),         data<F>(dresidual), dx_mode,
                                dresidual_mode,      data<const F>(dy),  data<const F>(gamma),
                                data<const A>(mean), data<const A>(rstd)};
    column_sums<2, A>(s, x.shape[0], sum.cols, ParameterTerm<F>{sum, g.dy, g.mean, g.rstd},
                      data<A>(dgamma), data<A>(dbeta));
    for_width<F>(packs_fit<F>(sum.cols, sum.x, sum.residual, g.dx, g.dresidual, g.dy, g.gamma),
                 [&](auto width) {
                   simt::launch(s, {x.shape[0], kRowThreads, backward_bytes<A>(sum.cols)},
                                backward_kernel<F, decltype(width)::value>, sum, g);
                 });
  });
}

}  // namespace albert::kernels::cuda
