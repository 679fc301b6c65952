#include "albert/kernels/cross_entropy.h"

#include <cmath>

#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {
namespace {

// exp of a number that is not above 0, or of one not far above it.
SIMT_DEVICE float exp_of(float x) { return simt::exp2(x * 1.4426950408889634F); }  // log2(e)
SIMT_DEVICE double exp_of(double x) { return std::exp(x); }

// Keeps the sum of exp of the numbers seen so far as sum * exp(max), in one pass over memory, and
// where the largest was seen first.
template <class A>
struct RunningSum {
  A max = -static_cast<A>(INFINITY), sum = 0;
  int64_t best;  // of the add() that brought the largest

  // Adds N numbers. NaN is never the largest: it makes the sum NaN.
  template <int N>
  SIMT_DEVICE void add(const A (&x)[N], int64_t at) {
    A most = max;
#pragma unroll
    for (int i = 0; i < N; ++i) most = x[i] > most ? x[i] : most;
    best = most > max ? at : best;
    const A shift = most == -static_cast<A>(INFINITY) ? A(0) : most;
    sum *= exp_of(max - shift);
#pragma unroll
    for (int i = 0; i < N; ++i) sum += exp_of(x[i] - shift);
    max = most;
  }
  // Returns the log of the sum over the block's threads to all of them, in f64. `most` becomes the
  // largest of their numbers.
  SIMT_DEVICE double log_over_block(A& most, A* scratch, double* wide_scratch) const {
    most = block_max(max, scratch);
    const A share = max == most ? sum : sum * exp_of(max - most);
    const double total = block_sum(static_cast<double>(share), wide_scratch);
    return static_cast<double>(most) + std::log(total);
  }
};

// Shared memory of the row kernels: scratch in f64 and in the accumulator type.
constexpr size_t kScratchBytes = 2 * kMaxWarps * sizeof(double);
SIMT_DEVICE double* wide_scratch() { return simt::shared<double>(); }
template <class A>
SIMT_DEVICE A* scratch() {
  return reinterpret_cast<A*>(wide_scratch() + kMaxWarps);
}

// (1 - e) w[label] nll[label] + e / C sum_c w[c] nll[c]
struct Classes {
  Classes(int64_t n, const CrossEntropy& options)
      : count(n),
        weights(data<const float>(options.class_weights)),
        one_hot(1 - options.label_smoothing),
        uniform(options.label_smoothing / static_cast<double>(n)) {}

  SIMT_DEVICE bool has(int32_t label) const { return label >= 0 && label < count; }
  SIMT_DEVICE double weight(int64_t c) const {
    return weights ? static_cast<double>(weights[c]) : 1;
  }
  SIMT_DEVICE double hot(int32_t label) const {
    return has(label) ? one_hot * weight(label) : static_cast<double>(NAN);
  }
  // Returns the sum over classes of w to all threads of the block.
  SIMT_DEVICE double weight_sum(double* wide) const {
    if (!weights) return static_cast<double>(count);
    double sum = 0;
    for (int64_t c = simt::thread(); c < count; c += kThreads) sum += weight(c);
    return block_sum(sum, wide);
  }

  int64_t count;
  const float* weights;  // null: all 1
  double one_hot, uniform;
};

template <class F>
struct RowOutputs {
  Acc<F>*row_loss, *log_sum_exp;
  int32_t* best;  // or null
};

// Returns to thread 0 the first column whose logit is `most`, -1 where one is NaN. Only then is the
// sum NaN, or where one is infinite: the row is read again to tell.
template <int N, class F>
SIMT_DEVICE int32_t first_of(const RunningSum<Acc<F>>& running, Acc<F> most, bool sum_is_nan,
                             const F* x, int64_t cols) {
  auto* const scratch = simt::shared<int32_t>();
  int32_t nan = 0, first = INT32_MAX;
  for (int64_t c = simt::thread(); c < cols && sum_is_nan; c += kThreads)
    nan |= load(x[c]) != load(x[c]);
  if (running.max == most && running.best < cols)
    for (int i = N - 1; i >= 0; --i)
      if (load(x[running.best + i]) == most) first = static_cast<int32_t>(running.best) + i;
  first = -block_max(-first, scratch);
  return block_max(nan, scratch) != 0 ? -1 : first;
}

template <class F, int N, bool kSmooth>
SIMT_KERNEL(kThreads)
forward_kernel(RowOutputs<F> out, const F* logits, const int32_t* labels, Classes classes) {
  using A = Acc<F>;
  const int64_t row = simt::block(), cols = classes.count;
  const F* const x = logits + row * cols;
  const int32_t label = labels[row];
  const bool ignored = label == kIgnoredLabel, first = simt::thread() == 0;
  if (ignored && first) {
    out.row_loss[row] = out.log_sum_exp[row] = 0;
    if (out.best) out.best[row] = -1;
  }
  if (ignored) return;
  RunningSum<A> running;
  running.best = simt::thread() * N;
  double weighted = 0;  // sum of w x, for label smoothing
  for (int64_t c = simt::thread() * N; c < cols; c += kThreads * N) {
    A value[N];
    load_pack<N>(value, x + c);
    running.add(value, c);
    for (int i = 0; i < N && kSmooth; ++i)
      weighted += classes.weight(c + i) * static_cast<double>(value[i]);
  }
  A most;
  const double lse = running.log_over_block(most, scratch<A>(), wide_scratch());
  double smooth = 0;
  if constexpr (kSmooth) {
    const double sum = block_sum(weighted, wide_scratch());
    smooth = classes.uniform * (lse * classes.weight_sum(wide_scratch()) - sum);
  }
  const int32_t best = out.best ? first_of<N>(running, most, lse != lse, x, cols) : 0;
  if (!first) return;
  const double nll = classes.has(label) ? lse - static_cast<double>(load(x[label])) : 0;
  out.row_loss[row] = static_cast<A>(classes.hot(label) * nll + smooth);
  out.log_sum_exp[row] = static_cast<A>(lse);
  if (out.best) out.best[row] = best;
}

Scale scale_of(const CrossEntropy& options) {
  return {options.scale, data<const double>(options.scale_at)};
}

template <class F>
struct BackwardOperands {
  F* dlogits;
  Grad mode;
  const Acc<F>* dloss;
  const F* logits;
  const Acc<F>* log_sum_exp;
  const int32_t* labels;
  Scale scale;
};

template <class F, int N, bool kSmooth>
SIMT_KERNEL(kThreads)
backward_kernel(BackwardOperands<F> o, Classes classes) {
  using A = Acc<F>;
  const int64_t row = simt::block(), cols = classes.count;
  const int32_t label = o.labels[row];
  const double scale = static_cast<double>(*o.dloss) * o.scale.get();
  const double spread = kSmooth ? classes.uniform * classes.weight_sum(wide_scratch()) : 0;
  const double hot = classes.hot(label);
  const A total = static_cast<A>(scale * (hot + spread)), at_label = static_cast<A>(scale * hot);
  const A cold = static_cast<A>(scale * classes.uniform), lse = o.log_sum_exp[row];
  const bool ignored = label == kIgnoredLabel;
  for (int64_t c = simt::thread() * N; c < cols; c += kThreads * N) {
    A value[N] = {};
    if (!ignored) {
      load_pack<N>(value, o.logits + row * cols + c);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        value[i] = total * exp_of(value[i] - lse);
        if constexpr (kSmooth) value[i] -= cold * static_cast<A>(classes.weight(c + i));
      }
      if (label >= c && label < c + N) {
#pragma unroll
        for (int i = 0; i < N; ++i) value[i] -= c + i == label ? at_label : A(0);
      }
    }
    store_pack<N>(o.dlogits + row * cols + c, value, o.mode);
  }
}

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

void cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor log_sum_exp, Tensor best,
                           Tensor logits, Tensor labels, const CrossEntropy& options) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const int64_t rows = logits.shape[0], cols = logits.shape[1];
    const Classes classes(cols, options);
    const RowOutputs<F> out{data<A>(row_loss), data<A>(log_sum_exp), data<int32_t>(best)};
    for_width<F>(packs_fit<F>(cols, data<F>(logits)), [&](auto width) {
      constexpr int N = decltype(width)::value;
      simt::launch(s, {rows, kThreads, kScratchBytes},
                   classes.uniform == 0 ? forward_kernel<F, N, false> : forward_kernel<F, N, true>,
                   out, data<const F>(logits), data<const int32_t>(labels), classes);
    });
    scaled_sum<A>(s, data<A>(loss), data<const A>(row_loss), rows, scale_of(options));
  });
}

void cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                            Tensor logits, Tensor log_sum_exp, Tensor labels,
                            const CrossEntropy& options) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const BackwardOperands<F> o{data<F>(dlogits),           dlogits_mode,
                                data<const A>(dloss),       data<const F>(logits),
                                data<const A>(log_sum_exp), data<const int32_t>(labels),
                                scale_of(options)};
    const Classes classes(logits.shape[1], options);
    for_width<F>(packs_fit<F>(classes.count, o.logits, o.dlogits), [&](auto width) {
      constexpr int N = decltype(width)::value;
      simt::launch(
          s, {logits.shape[0], kThreads, kScratchBytes},
          classes.uniform == 0 ? backward_kernel<F, N, false> : backward_kernel<F, N, true>, o,
          classes);
    });
  });
}

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
