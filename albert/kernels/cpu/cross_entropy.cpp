#include <cmath>
#include <limits>

#include "albert/kernels/cpu/types.h"
#include "albert/kernels/cpu/vector_math.h"
#include "albert/kernels/cross_entropy.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// So many classes are summed in F's accumulator before that sum is added to one in f64.
constexpr int64_t kChunk = 1024;

// Weights of the classes in the loss (1 - e) w[label] nll[label] + e / C sum_c w[c] nll[c], where e
// is the label smoothing and C the number of classes.
struct Classes {
  explicit Classes(int64_t n, const CrossEntropy& options)
      : count(n),
        weights(data<const float>(options.class_weights)),
        one_hot(1 - options.label_smoothing),
        uniform(options.label_smoothing / static_cast<double>(n)) {}

  bool has(int32_t label) const { return label >= 0 && label < count; }
  double weight(int64_t c) const { return weights ? static_cast<double>(weights[c]) : 1; }
  double hot(int32_t label) const {
    return has(label) ? one_hot * weight(label) : std::numeric_limits<double>::quiet_NaN();
  }
  double weight_sum() const {
    if (!weights) return static_cast<double>(count);
    double sum = 0;
    for (int64_t c = 0; c < count; ++c) sum += weight(c);
    return sum;
  }

  int64_t count;
  const float* weights;  // null: all 1
  double one_hot, uniform;
};

// Returns the sum of term(c) over [0, n).
template <class A, class Term>
double chunked_sum(int64_t n, const Term& term) {
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kChunk) {
    const int64_t end = std::min(n, begin + kChunk);
    A sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = begin; c < end; ++c) sum += term(c);
    total += static_cast<double>(sum);
  }
  return total;
}

// Returns the log of the sum of exp(x[i * stride]) over n > 0 numbers.
template <class F>
double log_sum_exp_of(const F* x, int64_t n, int64_t stride) {
  using A = Acc<F>;
  A max = -std::numeric_limits<A>::infinity();
#pragma omp simd reduction(max : max)
  for (int64_t i = 0; i < n; ++i) max = load(x[i * stride]) > max ? load(x[i * stride]) : max;
  const double sum =
      chunked_sum<A>(n, [=](int64_t i) { return exp_approx(load(x[i * stride]) - max); });
  return static_cast<double>(max) + std::log(sum);
}

template <class F>
double row_term(const F* x, int32_t label, double lse, const Classes& classes) {
  using A = Acc<F>;
  const double nll = classes.has(label) ? lse - static_cast<double>(load(x[label])) : 0;
  double term = classes.hot(label) * nll;
  if (classes.uniform != 0) {
    const A top = static_cast<A>(lse);
    const float* w = classes.weights;
    const double sum =
        w ? chunked_sum<A>(classes.count,
                           [=](int64_t c) { return static_cast<A>(w[c]) * (top - load(x[c])); })
          : chunked_sum<A>(classes.count, [=](int64_t c) { return top - load(x[c]); });
    term += classes.uniform * sum;
  }
  return term;
}

// Returns the first of the largest of n > 0 numbers; -1 where one is NaN.
template <class F>
int32_t argmax(const F* x, int64_t n) {
  using A = Acc<F>;
  A max = load(x[0]);
  int32_t nans = 0;
#pragma omp simd reduction(max : max) reduction(+ : nans)
  for (int64_t c = 0; c < n; ++c) {
    const A value = load(x[c]);
    max = value > max ? value : max;
    nans += value != value;
  }
  if (nans > 0) return -1;
  int64_t c = 0;
  while (load(x[c]) != max) ++c;
  return static_cast<int32_t>(c);
}

// The gradient of one row is total * p[c] - cold(c) - (c == label ? hot : 0).
template <class A>
struct RowGradient {
  A total, hot, lse;
  int32_t label;
};

template <Grad mode, class F, class Cold>
void backward_row(F* dx, const F* x, int32_t n, const RowGradient<Acc<F>> g, const Cold cold) {
  using A = Acc<F>;
#pragma omp simd
  for (int32_t c = 0; c < n; ++c) {
    const A target = cold(c) + (c == g.label ? g.hot : A(0));
    store(dx[c], g.total * exp_approx(load(x[c]) - g.lse) - target, mode);
  }
}

// The mode is a template argument of the loop, since GCC does not vectorise it otherwise.
template <class F, class Cold>
void backward_row(F* dx, Grad mode, const F* x, int32_t n, const RowGradient<Acc<F>>& g,
                  const Cold& cold) {
  if (mode == Grad::kAdd) return backward_row<Grad::kAdd>(dx, x, n, g, cold);
  backward_row<Grad::kAssign>(dx, x, n, g, cold);
}

template <class F>
void zero_row(F* dx, Grad mode, int64_t n) {
  for (int64_t c = 0; c < n && mode == Grad::kAssign; ++c) dx[c] = F{};
}

template <class F>
void forward(const Stream& s, Tensor loss, Tensor row_loss, Tensor log_sum_exp, Tensor best,
             Tensor logits, Tensor labels, const CrossEntropy& options) {
  using A = Acc<F>;
  const int64_t rows = logits.shape[0], cols = logits.shape[1];
  const Classes classes(cols, options);
  const auto* label = data<const int32_t>(labels);
  A *term = data<A>(row_loss), *lse = data<A>(log_sum_exp);
  auto* const first = data<int32_t>(best);
  parallel_blocks(s, rows, rows_per_task(cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      term[r] = lse[r] = 0;
      if (first) first[r] = -1;
      if (label[r] == kIgnoredLabel) continue;
      const F* x = data<const F>(logits) + r * cols;
      const double log_sum = log_sum_exp_of(x, cols, 1);
      lse[r] = static_cast<A>(log_sum);
      term[r] = static_cast<A>(row_term(x, label[r], log_sum, classes));
      if (first) first[r] = argmax(x, cols);
    }
  });
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) sum += static_cast<double>(term[r]);
  *data<A>(loss) = static_cast<A>(options.scale * sum);
}

template <class F>
void backward(const Stream& s, Tensor dlogits, Grad mode, Tensor dloss, Tensor logits,
              Tensor log_sum_exp, Tensor labels, const CrossEntropy& options) {
  using A = Acc<F>;
  const int64_t rows = logits.shape[0], cols = logits.shape[1];
  const Classes classes(cols, options);
  const double scale = static_cast<double>(*data<const A>(dloss)) * options.scale;
  const double spread = classes.uniform == 0 ? 0 : classes.uniform * classes.weight_sum();
  const A cold = static_cast<A>(scale * classes.uniform);
  const float* w = classes.uniform == 0 ? nullptr : classes.weights;
  const auto* label = data<const int32_t>(labels);
  parallel_blocks(s, rows, rows_per_task(cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const F* x = data<const F>(logits) + r * cols;
      F* dx = data<F>(dlogits) + r * cols;
      const double hot = classes.hot(label[r]);
      const RowGradient<A> g{static_cast<A>(scale * (hot + spread)), static_cast<A>(scale * hot),
                             data<const A>(log_sum_exp)[r], label[r]};
      const auto n = static_cast<int32_t>(cols);
      if (label[r] == kIgnoredLabel)
        zero_row(dx, mode, cols);
      else if (w)
        backward_row(dx, mode, x, n, g, [=](int32_t c) { return cold * static_cast<A>(w[c]); });
      else
        backward_row(dx, mode, x, n, g, [=](int32_t) { return cold; });
    }
  });
}

// One sequence's rows of one column of the logits, and which of them holds the answer.
template <class F>
struct Span {
  Span(Tensor logits, Tensor cu_seqlens, Tensor positions, int64_t b, int64_t c)
      : stride(logits.shape[1]) {
    const auto* cu = data<const int32_t>(cu_seqlens);
    offset = cu[b] * stride + c;
    x = data<const F>(logits) + offset;
    length = cu[b + 1] - cu[b];
    position = data<const int32_t>(positions)[b * stride + c];
  }
  bool ignored() const { return position < 0; }
  bool valid() const { return position < length; }

  int64_t stride, offset, length;
  const F* x;
  int32_t position;
};

template <class F>
void span_forward(const Stream& s, Tensor loss, Tensor log_sum_exp, Tensor logits,
                  Tensor cu_seqlens, Tensor positions, Tensor scale) {
  using A = Acc<F>;
  const int64_t sequences = positions.shape[0], cols = logits.shape[1];
  A* lse = data<A>(log_sum_exp);
  parallel_blocks(s, sequences, 1, [=](int64_t b, int64_t) {
    for (int64_t c = 0; c < cols; ++c) {
      const Span<F> span(logits, cu_seqlens, positions, b, c);
      lse[b * cols + c] =
          span.ignored() ? A(0) : static_cast<A>(log_sum_exp_of(span.x, span.length, span.stride));
    }
  });
  double total = 0;
  for (int64_t c = 0; c < cols; ++c) {
    double sum = 0;
    for (int64_t b = 0; b < sequences; ++b) {
      const Span<F> span(logits, cu_seqlens, positions, b, c);
      if (span.ignored()) continue;
      sum += span.valid() ? static_cast<double>(lse[b * cols + c]) -
                                static_cast<double>(load(span.x[span.position * span.stride]))
                          : std::numeric_limits<double>::quiet_NaN();
    }
    total += data<const double>(scale)[c] * sum;
  }
  *data<A>(loss) = static_cast<A>(total);
}

template <class F>
void backward_span(F* dx, Grad mode, const Span<F>& span, Acc<F> lse, Acc<F> scale) {
  using A = Acc<F>;
  for (int64_t i = 0; i < span.length; ++i) {
    const A p = exp_approx(load(span.x[i * span.stride]) - lse);
    store(dx[i * span.stride], scale * (i == span.position ? p - 1 : p), mode);
  }
}

template <class F>
void span_backward(const Stream& s, Tensor dlogits, Grad mode, Tensor dloss, Tensor logits,
                   Tensor log_sum_exp, Tensor cu_seqlens, Tensor positions, Tensor scale) {
  using A = Acc<F>;
  const int64_t cols = logits.shape[1];
  const auto upstream = static_cast<double>(*data<const A>(dloss));
  parallel_blocks(s, positions.shape[0], 1, [=](int64_t b, int64_t) {
    for (int64_t c = 0; c < cols; ++c) {
      const Span<F> span(logits, cu_seqlens, positions, b, c);
      F* dx = data<F>(dlogits) + span.offset;
      const double factor = span.valid() ? upstream * data<const double>(scale)[c]
                                         : std::numeric_limits<double>::quiet_NaN();
      if (!span.ignored())
        backward_span(dx, mode, span, data<const A>(log_sum_exp)[b * cols + c],
                      static_cast<A>(factor));
      else if (mode == Grad::kAssign)
        for (int64_t i = 0; i < span.length; ++i) dx[i * span.stride] = F{};
    }
  });
}

}  // namespace

void cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor log_sum_exp, Tensor best,
                           Tensor logits, Tensor labels, const CrossEntropy& options) {
  for_float(logits.dtype, [&](auto tag) {
    forward<typename decltype(tag)::type>(s, loss, row_loss, log_sum_exp, best, logits, labels,
                                          options);
  });
}

void cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                            Tensor logits, Tensor log_sum_exp, Tensor labels,
                            const CrossEntropy& options) {
  for_float(logits.dtype, [&](auto tag) {
    backward<typename decltype(tag)::type>(s, dlogits, dlogits_mode, dloss, logits, log_sum_exp,
                                           labels, options);
  });
}

void span_cross_entropy_forward(Stream s, Tensor loss, Tensor log_sum_exp, Tensor logits,
                                Tensor cu_seqlens, Tensor positions, Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    span_forward<typename decltype(tag)::type>(s, loss, log_sum_exp, logits, cu_seqlens, positions,
                                               scale);
  });
}

void span_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                 Tensor logits, Tensor log_sum_exp, Tensor cu_seqlens,
                                 Tensor positions, Tensor scale) {
  for_float(logits.dtype, [&](auto tag) {
    span_backward<typename decltype(tag)::type>(s, dlogits, dlogits_mode, dloss, logits,
                                                log_sum_exp, cu_seqlens, positions, scale);
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
