#include "albert/kernels/softmax_pool.h"

#include <cmath>
#include <limits>

#include "albert/kernels/cpu/types.h"
#include "albert/kernels/cpu/vector_math.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

constexpr int64_t kColumns = 64;  // one task sums so many columns of a sequence

// The rows [begin, end) of a sequence.
struct Rows {
  Rows(Tensor cu_seqlens, int64_t b)
      : begin(data<const int32_t>(cu_seqlens)[b]), end(data<const int32_t>(cu_seqlens)[b + 1]) {}
  int64_t begin, end;
};

template <class F>
void softmax_rows(Acc<F>* p, const F* logits, const Rows& rows) {
  using A = Acc<F>;
  A most = -std::numeric_limits<A>::infinity();
  for (int64_t r = rows.begin; r < rows.end; ++r)
    most = load(logits[r]) > most ? load(logits[r]) : most;
  double sum = 0;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    p[r] = exp_approx(load(logits[r]) - most);
    sum += static_cast<double>(p[r]);
  }
  for (int64_t r = rows.begin; r < rows.end; ++r)
    p[r] = static_cast<A>(static_cast<double>(p[r]) / sum);
}

// Writes the columns [begin, end) of y, at most kColumns of them.
template <class F>
void pool_columns(F* y, const Acc<F>* p, const F* x, const Rows& rows, int64_t cols, int64_t begin,
                  int64_t end) {
  Acc<F> sum[kColumns] = {};
  for (int64_t r = rows.begin; r < rows.end; ++r) {
#pragma omp simd
    for (int64_t c = begin; c < end; ++c) sum[c - begin] += p[r] * load(x[r * cols + c]);
  }
  for (int64_t c = begin; c < end; ++c) y[c] = static_cast<F>(sum[c - begin]);
}

template <class F>
Acc<F> dot(const F* a, const F* b, int64_t n) {
  Acc<F> sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < n; ++c) sum += load(a[c]) * load(b[c]);
  return sum;
}

template <class F>
struct Gradients {
  F* dx;
  Grad dx_mode;
  F* dlogits;
  Grad dlogits_mode;
  Acc<F>* d;
};

template <class F>
void backward_rows(const Gradients<F>& to, const F* dy, const F* x, const Acc<F>* p,
                   const Rows& rows, int64_t cols) {
  using A = Acc<F>;
  double mean = 0;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    to.d[r] = dot(dy, x + r * cols, cols);
    mean += static_cast<double>(p[r]) * static_cast<double>(to.d[r]);
  }
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    if (to.dlogits_mode != Grad::kIgnore)
      store(to.dlogits[r], p[r] * (to.d[r] - static_cast<A>(mean)), to.dlogits_mode);
    if (to.dx_mode == Grad::kIgnore) continue;
    for (int64_t c = 0; c < cols; ++c) store(to.dx[r * cols + c], p[r] * load(dy[c]), to.dx_mode);
  }
}

// The row behind `before` when rows are ordered by falling logits; the first of all where `before`
// is negative, and -1 where there is none.
template <class F>
int32_t next_row(const F* logits, const Rows& rows, int32_t before) {
  int32_t best = -1;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const Acc<F> value = load(logits[r]);
    const bool behind =
        before < 0 || value < load(logits[before]) || (value == load(logits[before]) && r > before);
    if (behind && value == value && (best < 0 || value > load(logits[best])))
      best = static_cast<int32_t>(r);
  }
  return best;
}

}  // namespace

void softmax_pool_forward(Stream s, Tensor y, Tensor p, Tensor x, Tensor logits,
                          Tensor cu_seqlens) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t sequences = y.shape[0], cols = y.shape[1], blocks = blocks_of(cols, kColumns);
    parallel_for(s, sequences, [=](int64_t b) {
      softmax_rows(data<Acc<F>>(p), data<const F>(logits), Rows(cu_seqlens, b));
    });
    parallel_for(s, sequences * blocks, [=](int64_t i) {
      const int64_t b = i / blocks, begin = i % blocks * kColumns;
      pool_columns(data<F>(y) + b * cols, data<const Acc<F>>(p), data<const F>(x),
                   Rows(cu_seqlens, b), cols, begin, std::min(cols, begin + kColumns));
    });
  });
}

void softmax_pool_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dlogits, Grad dlogits_mode,
                           Tensor d, Tensor dy, Tensor x, Tensor p, Tensor cu_seqlens) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t cols = x.shape[1];
    const Gradients<F> to{data<F>(dx), dx_mode, data<F>(dlogits), dlogits_mode, data<Acc<F>>(d)};
    parallel_for(s, dy.shape[0], [=](int64_t b) {
      backward_rows(to, data<const F>(dy) + b * cols, data<const F>(x), data<const Acc<F>>(p),
                    Rows(cu_seqlens, b), cols);
    });
  });
}

void top_rows(Stream s, Tensor index, Tensor logits, Tensor cu_seqlens) {
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t count = index.shape[0], sequences = index.shape[1];
    const auto fallback = static_cast<int32_t>(logits.shape[0] - 1);
    parallel_for(s, sequences, [=](int64_t b) {
      const Rows rows(cu_seqlens, b);
      const auto first = std::min(static_cast<int32_t>(rows.begin), fallback);
      int32_t row = -1;
      for (int64_t k = 0; k < count; ++k) {
        if (k == 0 || row >= 0) row = next_row(data<const F>(logits), rows, row);
        data<int32_t>(index)[k * sequences + b] = row < 0 ? first : row;
      }
    });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
