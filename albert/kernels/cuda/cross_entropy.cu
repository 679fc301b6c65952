#include "albert/kernels/cuda/cross_entropy_rows.h"

namespace albert::kernels::cuda {
namespace {

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

}  // namespace albert::kernels::cuda
