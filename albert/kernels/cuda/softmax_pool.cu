#include "albert/kernels/softmax_pool.h"

#include "albert/kernels/cuda/cross_entropy_rows.h"

namespace albert::kernels::cuda {
namespace {

// The rows [begin, end) of a sequence.
struct Rows {
  SIMT_DEVICE Rows(const int32_t* cu_seqlens, int64_t b)
      : begin(cu_seqlens[b]), end(cu_seqlens[b + 1]) {}
  int64_t begin, end;
};

template <class F>
SIMT_KERNEL(kThreads)
softmax_kernel(Acc<F>* p, const F* logits, const int32_t* cu_seqlens) {
  using A = Acc<F>;
  const Rows rows(cu_seqlens, simt::block());
  RunningSum<A> running;
  running.best = 0;
  for (int64_t r = rows.begin + simt::thread(); r < rows.end; r += kThreads) {
    const A value[1] = {load(logits[r])};
    running.add(value, r);
  }
  A most;
  const A lse = static_cast<A>(running.log_over_block(most, scratch<A>(), wide_scratch()));
  for (int64_t r = rows.begin + simt::thread(); r < rows.end; r += kThreads)
    p[r] = exp_of(load(logits[r]) - lse);
}

// A thread sums one column of one sequence.
template <class F>
struct PoolColumn {
  SIMT_DEVICE void operator()(int64_t b, int64_t c) const {
    const Rows rows(cu_seqlens, b);
    Acc<F> sum = 0;
    for (int64_t r = rows.begin; r < rows.end; ++r) sum += p[r] * load(x[r * cols + c]);
    y[b * cols + c] = rounded<F>(sum);
  }
  F* y;
  const Acc<F>* p;
  const F* x;
  const int32_t* cu_seqlens;
  int64_t cols;
};

template <class F>
struct BackwardOperands {
  F* dx;
  Grad dx_mode;
  F* dlogits;
  Grad dlogits_mode;
  Acc<F>* d;
  const F *dy, *x;
  const Acc<F>* p;
  const int32_t* cu_seqlens;
  int64_t cols;
};

// A warp takes one row at a time, first to multiply it by dy, then to write its gradient.
template <class F>
SIMT_KERNEL(kThreads)
backward_kernel(BackwardOperands<F> o) {
  using A = Acc<F>;
  const Rows rows(o.cu_seqlens, simt::block());
  const F* const dy = o.dy + simt::block() * o.cols;
  constexpr int kWarps = kThreads / simt::kWarp;
  double sum = 0;
  for (int64_t r = rows.begin + simt::warp(); r < rows.end; r += kWarps) {
    A dot = 0;
    for (int64_t c = simt::lane(); c < o.cols; c += simt::kWarp)
      dot += load(dy[c]) * load(o.x[r * o.cols + c]);
    dot = warp_sum(dot);
    if (simt::lane() != 0) continue;
    o.d[r] = dot;
    sum += static_cast<double>(o.p[r]) * static_cast<double>(dot);
  }
  const A mean = static_cast<A>(block_sum(sum, wide_scratch()));
  for (int64_t r = rows.begin + simt::warp(); r < rows.end; r += kWarps) {
    const A p = o.p[r];
    if (simt::lane() == 0 && o.dlogits_mode != Grad::kIgnore)
      store(o.dlogits[r], p * (o.d[r] - mean), o.dlogits_mode);
    for (int64_t c = simt::lane(); c < o.cols && o.dx_mode != Grad::kIgnore; c += simt::kWarp)
      store(o.dx[r * o.cols + c], p * load(dy[c]), o.dx_mode);
  }
}

// Every round takes the row behind that of the round before.
template <class F>
SIMT_KERNEL(kThreads)
top_kernel(int32_t* index, const F* logits, const int32_t* cu_seqlens, int64_t count,
           int64_t sequences, int32_t fallback) {
  using A = Acc<F>;
  const Rows rows(cu_seqlens, simt::block());
  const A none = -static_cast<A>(INFINITY);
  A before = -none;
  int32_t row = -1;
  for (int64_t k = 0; k < count; ++k) {
    A most = none;
    int32_t best = INT32_MAX;
    for (int64_t r = rows.begin + simt::thread(); r < rows.end; r += kThreads) {
      const A value = load(logits[r]);
      const bool behind = value < before || (value == before && r > row);
      if (!behind || !(value > most || best == INT32_MAX)) continue;
      most = value;
      best = static_cast<int32_t>(r);
    }
    const A largest = block_max(most, scratch<A>());
    const int32_t at = most == largest ? best : INT32_MAX;
    row = -block_max(-at, reinterpret_cast<int32_t*>(scratch<A>()));
    before = largest;
    const auto first = static_cast<int32_t>(rows.begin < fallback ? rows.begin : fallback);
    if (simt::thread() == 0) index[k * sequences + simt::block()] = row == INT32_MAX ? first : row;
  }
}

}  // namespace

void softmax_pool_forward(Stream s, Tensor y, Tensor p, Tensor x, Tensor logits,
                          Tensor cu_seqlens) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const int64_t sequences = y.shape[0], cols = y.shape[1];
    const auto* cu = data<const int32_t>(cu_seqlens);
    simt::launch(s, {sequences, kThreads, kScratchBytes}, softmax_kernel<F>, data<A>(p),
                 data<const F>(logits), cu);
    for_row_packs(s, sequences, cols,
                  PoolColumn<F>{data<F>(y), data<const A>(p), data<const F>(x), cu, cols});
  });
}

void softmax_pool_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dlogits, Grad dlogits_mode,
                           Tensor d, Tensor dy, Tensor x, Tensor p, Tensor cu_seqlens) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const BackwardOperands<F> o{data<F>(dx),      dx_mode,          data<F>(dlogits),
                                dlogits_mode,     data<A>(d),       data<const F>(dy),
                                data<const F>(x), data<const A>(p), data<const int32_t>(cu_seqlens),
                                x.shape[1]};
    simt::launch(s, {dy.shape[0], kThreads, kScratchBytes}, backward_kernel<F>, o);
  });
}

void top_rows(Stream s, Tensor index, Tensor logits, Tensor cu_seqlens) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    simt::launch(s, {index.shape[1], kThreads, kScratchBytes}, top_kernel<F>, data<int32_t>(index),
                 data<const F>(logits), data<const int32_t>(cu_seqlens), index.shape[0],
                 index.shape[1], static_cast<int32_t>(logits.shape[0] - 1));
  });
}

}  // namespace albert::kernels::cuda
