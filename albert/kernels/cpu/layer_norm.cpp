#include "albert/kernels/layer_norm.h"

#include <cmath>

#include "albert/kernels/cpu/dropout_mask.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

constexpr int64_t kRun = 1024;     // so many columns of a row are held on the stack at once
constexpr int64_t kColumns = 128;  // one task sums dgamma and dbeta of so many over all rows

// Computes the input of LayerNorm, h = dropout(x) + residual, for runs of columns.
template <class F>
struct ResidualSum {
  const F *x, *residual;
  const int64_t* row_ids;
  const Dropout& dropout;
  int64_t cols;

  ResidualSum(const Tensor& x_, const Tensor& residual_, const Dropout& d)
      : x(data<F>(x_)),
        residual(data<F>(residual_)),
        row_ids(data<int64_t>(d.row_ids)),
        dropout(d),
        cols(x_.shape[1]) {}

  // Sets factor[i] to that of dropout, or to 1 where dropout is off.
  void factors(Acc<F>* factor, int64_t row, int64_t begin, int64_t n) const {
    if (dropout.probability > 0) return dropout_factors(factor, dropout, row_ids[row], begin, n);
    for (int64_t i = 0; i < n; ++i) factor[i] = 1;
  }
  void fill(Acc<F>* h, int64_t row, int64_t begin, int64_t n) const {
    const F* from = x + row * cols + begin;
    if (dropout.probability > 0) {
      dropout_factors(h, dropout, row_ids[row], begin, n);
      for (int64_t i = 0; i < n; ++i) h[i] *= load(from[i]);
    } else {
      for (int64_t i = 0; i < n; ++i) h[i] = load(from[i]);
    }
    if (!residual) return;
    const F* more = residual + row * cols + begin;
    for (int64_t i = 0; i < n; ++i) h[i] += load(more[i]);
  }
};

// Calls body(begin, n) for the runs of a row, with their values in h. A row of one run is computed
// by the first pass only; later passes say `again`.
template <class F, class Body>
void over_row(const ResidualSum<F>& sum, Acc<F>* h, int64_t row, bool again, const Body& body) {
  for (int64_t c = 0; c < sum.cols; c += kRun) {
    const int64_t n = std::min(kRun, sum.cols - c);
    if (!again || sum.cols > kRun) sum.fill(h, row, c, n);
    body(c, n);
  }
}

template <class F>
void forward_row(const ResidualSum<F>& sum, Acc<F>* h, int64_t row, F* y, const F* gamma,
                 const F* beta, Acc<F> eps, Acc<F>* mean_out, Acc<F>* rstd_out) {
  using A = Acc<F>;
  const A cols = static_cast<A>(sum.cols);
  A total = 0, squares = 0;
  over_row(sum, h, row, false, [&](int64_t, int64_t n) {
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; ++i) total += h[i];
  });
  const A mean = total / cols;
  over_row(sum, h, row, true, [&](int64_t, int64_t n) {
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < n; ++i) squares += (h[i] - mean) * (h[i] - mean);
  });
  const A rstd = A(1) / std::sqrt(squares / cols + eps);
  over_row(sum, h, row, true, [&](int64_t c, int64_t n) {
    F* to = y + row * sum.cols + c;
    A* out = staged(to, h);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
      out[i] = (h[i] - mean) * rstd * load(gamma[c + i]) + load(beta[c + i]);
    write_staged(to, h, n);
  });
  mean_out[row] = mean;
  rstd_out[row] = rstd;
}

template <class F>
void forward(const Stream& s, Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor residual,
             Tensor gamma, Tensor beta, double eps, const Dropout& dropout) {
  using A = Acc<F>;
  const ResidualSum<F> sum(x, residual, dropout);
  parallel_blocks(s, x.shape[0], rows_per_task(sum.cols), [&](int64_t begin, int64_t end) {
    A h[kRun];
    for (int64_t r = begin; r < end; ++r)
      forward_row(sum, h, r, data<F>(y), data<F>(gamma), data<F>(beta), static_cast<A>(eps),
                  data<A>(mean), data<A>(rstd));
  });
}

// Backward's results for rows, and its inputs besides h.
template <class F>
struct RowGradient {
  F *dx, *dresidual;
  Grad dx_mode, dresidual_mode;
  const F *dy, *gamma;
  const Acc<F>*mean, *rstd;
};

template <class F>
void backward_row(const ResidualSum<F>& sum, Acc<F>* h, int64_t row, const RowGradient<F>& g) {
  using A = Acc<F>;
  const A mean = g.mean[row], rstd = g.rstd[row];
  A sum_g = 0, sum_gx = 0;
  over_row(sum, h, row, false, [&](int64_t c, int64_t n) {
    const F* dy = g.dy + row * sum.cols + c;
#pragma omp simd reduction(+ : sum_g, sum_gx)
    for (int64_t i = 0; i < n; ++i) {
      const A scaled = load(dy[i]) * load(g.gamma[c + i]);
      sum_g += scaled;
      sum_gx += scaled * (h[i] - mean) * rstd;
    }
  });
  const A mean_g = sum_g / static_cast<A>(sum.cols), mean_gx = sum_gx / static_cast<A>(sum.cols);
  over_row(sum, h, row, true, [&](int64_t c, int64_t n) {
    const int64_t at = row * sum.cols + c;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
      h[i] = rstd *
             (load(g.dy[at + i]) * load(g.gamma[c + i]) - mean_g - (h[i] - mean) * rstd * mean_gx);
    if (g.dresidual_mode != Grad::kIgnore)
      for (int64_t i = 0; i < n; ++i) store(g.dresidual[at + i], h[i], g.dresidual_mode);
    if (g.dx_mode == Grad::kIgnore) return;
    A factor[kRun];
    sum.factors(factor, row, c, n);
    for (int64_t i = 0; i < n; ++i) store(g.dx[at + i], h[i] * factor[i], g.dx_mode);
  });
}

// Sums over rows in ascending order for every column, so the sum is the same for any number of
// threads.
template <class F>
void parameter_gradients(const Stream& s, const ResidualSum<F>& sum, int64_t rows,
                         const RowGradient<F>& g, Acc<F>* dgamma, Acc<F>* dbeta) {
  using A = Acc<F>;
  parallel_blocks(s, sum.cols, kColumns, [&](int64_t begin, int64_t end) {
    const int64_t n = end - begin;
    A h[kColumns], gamma_sum[kColumns] = {}, beta_sum[kColumns] = {};
    for (int64_t r = 0; r < rows; ++r) {
      sum.fill(h, r, begin, n);
      const F* dy = g.dy + r * sum.cols + begin;
      const A mean = g.mean[r], rstd = g.rstd[r];
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) {
        gamma_sum[i] += load(dy[i]) * (h[i] - mean) * rstd;
        beta_sum[i] += load(dy[i]);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      dgamma[begin + i] += gamma_sum[i];
      dbeta[begin + i] += beta_sum[i];
    }
  });
}

}  // namespace

void layer_norm_forward(Stream s, Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor residual,
                        Tensor gamma, Tensor beta, double eps, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    forward<typename decltype(tag)::type>(s, y, mean, rstd, x, residual, gamma, beta, eps, dropout);
  });
}

void layer_norm_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dresidual, Grad dresidual_mode,
                         Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor residual,
                         Tensor mean, Tensor rstd, Tensor gamma, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const ResidualSum<F> sum(x, residual, dropout);
    const RowGradient<F> g{data<F>(dx),        data<F>(dresidual), dx_mode,
                           dresidual_mode,     data<F>(dy),        data<F>(gamma),
                           data<Acc<F>>(mean), data<Acc<F>>(rstd)};
    parameter_gradients(s, sum, x.shape[0], g, data<Acc<F>>(dgamma), data<Acc<F>>(dbeta));
    parallel_blocks(s, x.shape[0], rows_per_task(sum.cols), [&](int64_t begin, int64_t end) {
      Acc<F> h[kRun];
      for (int64_t r = begin; r < end; ++r) backward_row(sum, h, r, g);
    });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
