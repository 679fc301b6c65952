#include "albert/kernels/layer_norm.h"

#include <cmath>

#include "albert/kernels/cuda/layer_norm_rows.h"

namespace albert::kernels::cuda {
namespace {

template <class F>
struct ForwardOutputs {
  F* y;
  Acc<F>*mean, *rstd;
  const F *gamma, *beta;
  Acc<F> eps;
};

template <class F, class H, bool kDropout>
SIMT_KERNEL(H::kThreads, (H::kFull ? 6 : 1))
forward_kernel(ResidualSum<F, kDropout> sum, ForwardOutputs<F> out, RowGroups rows) {
  using A = Acc<F>;
  constexpr int N = H::N;
  A* const scratch = simt::shared<A>();
  const int64_t row = simt::block() * rows.groups + rows.group(), cols = sum.cols;
  const bool inside = row < sum.rows;
  A h[H::P][N], total = 0, squares = 0, unused = 0;
  uint32_t dropped = 0;
  if (inside)
    rows.over_packs<H>(cols, [&](int p, int64_t c) {
      sum.fill(h[p], dropped, 0, row, c);
#pragma unroll
      for (int i = 0; i < N; ++i) total += h[p][i];
    });
  row_sums(total, unused, rows, scratch);
  const A mean = total / static_cast<A>(cols);
  if (inside)
    rows.over_packs<H>(cols, [&](int p, int64_t) {
#pragma unroll
      for (int i = 0; i < N; ++i) squares += (h[p][i] - mean) * (h[p][i] - mean);
    });
  row_sums(squares, unused, rows, scratch);
  if (!inside) return;
  const A rstd = A(1) / std::sqrt(squares / static_cast<A>(cols) + out.eps);
  rows.over_packs<H>(cols, [&](int p, int64_t c) {
    A gamma[N], beta[N];
    load_pack<N>(gamma, out.gamma + c);
    load_pack<N>(beta, out.beta + c);
#pragma unroll
    for (int i = 0; i < N; ++i) gamma[i] = (h[p][i] - mean) * rstd * gamma[i] + beta[i];
    store_pack<N>(out.y + row * cols + c, gamma, Grad::kAssign);
  });
  if (simt::thread() % (rows.warps * simt::kWarp) != 0) return;
  out.mean[row] = mean;
  out.rstd[row] = rstd;
}

// Blocks of the backward pass that the registers of a multiprocessor must have room for.
template <class F, class H>
constexpr int kResident = !H::kFull    ? 1
                          : kIsHalf<F> ? 3
                                       : 2;

template <class F>
struct BackwardOperands {
  F *dx, *dresidual;
  Grad dx_mode, dresidual_mode;
  const F *dy, *gamma;
  const Acc<F>*mean, *rstd;
  Acc<F>* partials = nullptr;  // [blocks][2 cols]: of dgamma, then of dbeta
  int64_t blocks = 0;
};

// A thread's sums over rows.
template <class A, class H>
struct ParameterSums {
  A gamma[H::P][H::N] = {}, beta[H::P][H::N] = {};
};

// A thread's part of a row between the two passes over it.
template <class A, class H>
struct BackwardRow {
  A xhat[H::P][H::N], scaled[H::P][H::N];  // scaled = dy * gamma
  uint32_t dropped = 0;
  A mean_g = 0, mean_gx = 0;
};

// Reads a row and adds its terms to the sums.
template <class F, class H, bool kDropout>
SIMT_DEVICE void read_row(BackwardRow<Acc<F>, H>& held, ParameterSums<Acc<F>, H>& sums,
                          const ResidualSum<F, kDropout>& sum, const BackwardOperands<F>& g,
                          const RowGroups& rows, int64_t row, Acc<F> rstd) {
  using A = Acc<F>;
  constexpr int N = H::N;
  const A mean = g.mean[row];
  rows.over_packs<H>(sum.cols, [&](int p, int64_t c) {
    sum.fill(held.xhat[p], held.dropped, p * N, row, c);
    load_pack<N>(held.scaled[p], g.dy + row * sum.cols + c);
  });
  rows.over_packs<H>(sum.cols, [&](int p, int64_t c) {
    A gamma[N];
    load_pack<N>(gamma, g.gamma + c);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      A &xhat = held.xhat[p][i], &scaled = held.scaled[p][i];
      xhat = (xhat - mean) * rstd;
      sums.gamma[p][i] += scaled * xhat;
      sums.beta[p][i] += scaled;
      scaled *= gamma[i];
      held.mean_g += scaled;
      held.mean_gx += scaled * xhat;
    }
  });
}

template <class F, class H, bool kDropout>
SIMT_DEVICE void write_row(const BackwardRow<Acc<F>, H>& held, const ResidualSum<F, kDropout>& sum,
                           const BackwardOperands<F>& g, const RowGroups& rows, int64_t row,
                           Acc<F> rstd) {
  using A = Acc<F>;
  constexpr int N = H::N;
  rows.over_packs<H>(sum.cols, [&](int p, int64_t c) {
    A dh[N];
#pragma unroll
    for (int i = 0; i < N; ++i)
      dh[i] = rstd * (held.scaled[p][i] - held.mean_g - held.xhat[p][i] * held.mean_gx);
    store_pack<N>(g.dresidual + row * sum.cols + c, dh, g.dresidual_mode);
    if constexpr (kDropout) {
#pragma unroll
      for (int i = 0; i < N; ++i)
        dh[i] = held.dropped >> (p * N + i) & 1U ? A(0) : dh[i] * sum.factors.kept;
    }
    store_pack<N>(g.dx + row * sum.cols + c, dh, g.dx_mode);
  });
}

// The sums of a block's groups, added up one after the other, to `to` [2 cols]. carried [2 cols]
// brings them from group to group.
template <class A, class H>
SIMT_DEVICE void store_sums(A* to, ParameterSums<A, H>& sums, const RowGroups& rows, int64_t cols,
                            A* carried) {
  constexpr int N = H::N;
  for (int group = 0; group < rows.groups; ++group) {
    if (group > 0) simt::barrier();
    if (rows.group() != group) continue;
    A* const out = group == rows.groups - 1 ? to : carried;
    const auto store = [&](A(&sum)[N], int64_t c) {
      A before[N] = {};
      if (group > 0) load_pack<N>(before, carried + c);
#pragma unroll
      for (int i = 0; i < N; ++i) sum[i] += before[i];
      store_pack<N>(out + c, sum, Grad::kAssign);
    };
    rows.over_packs<H>(cols, [&](int p, int64_t c) {
      store(sums.gamma[p], c);
      store(sums.beta[p], cols + c);
    });
  }
}

// A block walks rows, whose parameter gradients it sums in registers.
template <class F, class H, bool kDropout>
SIMT_KERNEL(H::kThreads, (kResident<F, H>))
backward_kernel(ResidualSum<F, kDropout> sum, BackwardOperands<F> g, RowGroups rows) {
  using A = Acc<F>;
  A *const scratch = simt::shared<A>(), *const carried = scratch + 2 * kMostWarps;
  ParameterSums<A, H> sums;
  for (int64_t first = simt::block() * rows.groups; first < sum.rows;
       first += g.blocks * rows.groups) {
    const int64_t row = first + rows.group();
    const bool inside = row < sum.rows;
    const A rstd = inside ? g.rstd[row] : A(0);
    BackwardRow<A, H> held;
    if (inside) read_row(held, sums, sum, g, rows, row, rstd);
    row_sums(held.mean_g, held.mean_gx, rows, scratch);
    held.mean_g /= static_cast<A>(sum.cols);
    held.mean_gx /= static_cast<A>(sum.cols);
    if (inside) write_row(held, sum, g, rows, row, rstd);
  }
  store_sums(g.partials + simt::block() * 2 * sum.cols, sums, rows, sum.cols, carried);
}

template <class F, bool kDropout>
void forward(const Stream& s, const ResidualSum<F, kDropout>& sum, const ForwardOutputs<F>& out) {
  const bool packs =
      columns_fit<kColumns>(sum.cols, sum.x, sum.residual, out.y, out.gamma, out.beta);
  for_held(packs, sum.cols, [&](auto held, const RowGroups& rows) {
    simt::launch(
        s, {blocks_of(sum.rows, rows.groups), threads_of(rows), 2 * kMostWarps * sizeof(Acc<F>)},
        forward_kernel<F, decltype(held), kDropout>, sum, out, rows);
  });
}

// Blocks of the backward pass: three for each multiprocessor of an H100, fewer where a warp would
// have too few rows to make up for its partial sums.
int64_t backward_blocks(int64_t rows, int groups) {
  constexpr int64_t kBlocks = 396, kRowsOfGroup = 8;
  return std::min(kBlocks, blocks_of(rows, groups * kRowsOfGroup));
}

template <class F, bool kDropout>
void backward(const Stream& s, const ResidualSum<F, kDropout>& sum, BackwardOperands<F> g,
              Acc<F>* dgamma, Acc<F>* dbeta) {
  using A = Acc<F>;
  if (sum.rows == 0) return;
  const bool packs =
      columns_fit<kColumns>(sum.cols, sum.x, sum.residual, g.dx, g.dresidual, g.dy, g.gamma);
  for_held(packs, sum.cols, [&](auto held, const RowGroups& rows) {
    g.blocks = backward_blocks(sum.rows, rows.groups);
    g.partials = partial_sums<A>(s, g.blocks * 2 * sum.cols);
    const int64_t shared = 2 * kMostWarps + (rows.groups > 1 ? 2 * sum.cols : 0);
    simt::launch(s, {g.blocks, threads_of(rows), static_cast<size_t>(shared) * sizeof(A)},
                 backward_kernel<F, decltype(held), kDropout>, sum, g, rows);
  });
  add_partials<A>(s, dgamma, dbeta, sum.cols, g.partials, g.blocks);
}

}  // namespace

void layer_norm_forward(Stream s, Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor residual,
                        Tensor gamma, Tensor beta, double eps, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const ForwardOutputs<F> out{data<F>(y),           data<A>(mean),       data<A>(rstd),
                                data<const F>(gamma), data<const F>(beta), static_cast<A>(eps)};
    for_sum<F>(x, residual, dropout, [&](const auto& sum) { forward(s, sum, out); });
  });
}

void layer_norm_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dresidual, Grad dresidual_mode,
                         Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor residual,
                         Tensor mean, Tensor rstd, Tensor gamma, const Dropout& dropout) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const BackwardOperands<F> g{data<F>(dx),         data<F>(dresidual), dx_mode,
                                dresidual_mode,      data<const F>(dy),  data<const F>(gamma),
                                data<const A>(mean), data<const A>(rstd)};
    for_sum<F>(x, residual, dropout,
               [&](const auto& sum) { backward(s, sum, g, data<A>(dgamma), data<A>(dbeta)); });
  });
}

}  // namespace albert::kernels::cuda
