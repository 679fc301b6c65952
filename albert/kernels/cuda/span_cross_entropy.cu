#include "albert/kernels/cuda/cross_entropy_rows.h"

namespace albert::kernels::cuda {
namespace {

// One column of one sequence, and the row of the answer in it.
template <class F>
struct Span {
  SIMT_DEVICE Span(const F* logits, const int32_t* cu_seqlens, const int32_t* positions,
                   int64_t cols, int64_t i)
      : stride(cols) {
    const int64_t b = i / cols;
    offset = cu_seqlens[b] * cols + i % cols;
    x = logits + offset;
    length = cu_seqlens[b + 1] - cu_seqlens[b];
    position = positions[i];
  }
  SIMT_DEVICE bool ignored() const { return position < 0; }
  SIMT_DEVICE bool valid() const { return position < length; }

  int64_t stride, offset = 0, length = 0;
  const F* x = nullptr;
  int32_t position = 0;
};

template <class F>
struct SpanOperands {
  const F* logits;
  const int32_t *cu_seqlens, *positions;
  const double* scale;
  int64_t cols;
  SIMT_DEVICE Span<F> span(int64_t i) const { return {logits, cu_seqlens, positions, cols, i}; }
};

template <class F>
SIMT_KERNEL(kThreads)
span_forward_kernel(Acc<F>* log_sum_exp, SpanOperands<F> o) {
  using A = Acc<F>;
  const Span<F> span = o.span(simt::block());
  RunningSum<A> running;
  running.best = 0;
  for (int64_t i = simt::thread(); i < span.length && !span.ignored(); i += kThreads) {
    const A value[1] = {load(span.x[i * span.stride])};
    running.add(value, i);
  }
  A most;
  const double lse = running.log_over_block(most, scratch<A>(), wide_scratch());
  if (simt::thread() == 0) log_sum_exp[simt::block()] = span.ignored() ? A(0) : static_cast<A>(lse);
}

// Columns are added one after another, so that an infinite scale times an empty sum gives NaN.
template <class F>
SIMT_KERNEL(kThreads)
span_loss_kernel(Acc<F>* loss, const Acc<F>* log_sum_exp, SpanOperands<F> o, int64_t sequences) {
  double total = 0;
  for (int64_t c = 0; c < o.cols; ++c) {
    double sum = 0;
    for (int64_t b = simt::thread(); b < sequences; b += kThreads) {
      const int64_t i = b * o.cols + c;
      const Span<F> span = o.span(i);
      if (span.ignored()) continue;
      sum += span.valid() ? static_cast<double>(log_sum_exp[i]) -
                                static_cast<double>(load(span.x[span.position * span.stride]))
                          : static_cast<double>(NAN);
    }
    total += o.scale[c] * block_sum(sum, wide_scratch());
  }
  if (simt::thread() == 0) *loss = static_cast<Acc<F>>(total);
}

template <class F>
SIMT_KERNEL(kThreads)
span_backward_kernel(F* dlogits, Grad mode, const Acc<F>* dloss, const Acc<F>* log_sum_exp,
                     SpanOperands<F> o) {
  using A = Acc<F>;
  const Span<F> span = o.span(simt::block());
  const A scale = static_cast<A>(static_cast<double>(*dloss) * o.scale[simt::block() % o.cols]);
  const A lse = log_sum_exp[simt::block()];
  for (int64_t i = simt::thread(); i < span.length; i += kThreads) {
    const A p = exp_of(load(span.x[i * span.stride]) - lse);
    const A gradient =
        span.valid() ? scale * (p - (i == span.position ? A(1) : A(0))) : static_cast<A>(NAN);
    store(dlogits[span.offset + i * span.stride], span.ignored() ? A(0) : gradient, mode);
  }
}

template <class F>
SpanOperands<F> span_operands(Tensor logits, Tensor cu_seqlens, Tensor positions, Tensor scale) {
  return {data<const F>(logits), data<const int32_t>(cu_seqlens), data<const int32_t>(positions),
          data<const double>(scale), logits.shape[1]};
}

}  // namespace

void span_cross_entropy_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor logits,
                                Tensor cu_seqlens, Tensor positions, Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const auto o = span_operands<F>(logits, cu_seqlens, positions, scale);
    simt::launch(s, {positions.shape.size(), kThreads, kScratchBytes}, span_forward_kernel<F>,
                 data<A>(log_sum_exp), o);
    simt::launch(s, {1, kThreads, kScratchBytes}, span_loss_kernel<F>, data<A>(loss),
                 data<const A>(log_sum_exp), o, positions.shape[0]);
  });
}

void span_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                 Tensor logits, Tensor log_sum_exp, Tensor cu_seqlens,
                                 Tensor positions, Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    simt::launch(s, {positions.shape.size(), kThreads}, span_backward_kernel<F>, data<F>(dlogits),
                 dlogits_mode, data<const A>(dloss), data<const A>(log_sum_exp),
                 span_operands<F>(logits, cu_seqlens, positions, scale));
  });
}

}  // namespace albert::kernels::cuda
