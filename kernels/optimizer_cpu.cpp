#include <cmath>

#include "kernels/cpu_types.h"
#include "kernels/global_norm.h"
#include "kernels/optimizer.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// One element's moments and its update u, in the parameters' own type.
template <class F>
struct Adam {
  explicit Adam(const AdamStep& s)
      : gradient_scale(static_cast<F>(s.gradient_scale)),
        beta1(static_cast<F>(s.beta1)),
        beta2(static_cast<F>(s.beta2)),
        one_minus_beta1(static_cast<F>(1 - s.beta1)),
        one_minus_beta2(static_cast<F>(1 - s.beta2)),
        m_correction(static_cast<F>(1 / s.bias_correction1)),
        v_correction(static_cast<F>(1 / s.bias_correction2)),
        eps(static_cast<F>(s.eps)),
        weight_decay(static_cast<F>(s.weight_decay)) {}

  F operator()(F w, F& m, F& v, F gradient) const {
    const F g = gradient * gradient_scale;
    m = beta1 * m + one_minus_beta1 * g;
    v = beta2 * v + one_minus_beta2 * g * g;
    return m * m_correction / (std::sqrt(v * v_correction) + eps) + weight_decay * w;
  }

  F gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2, m_correction, v_correction, eps, weight_decay;
};

template <class F>
void adamw_block(F* w, F* m, F* v, const F* gradient, int64_t n, const Adam<F>& adam, F rate) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) w[i] -= rate * adam(w[i], m[i], v[i], gradient[i]);
}

struct Squares {
  double w = 0, u = 0;
};

template <class F>
Squares lamb_block(F* update, const F* w, F* m, F* v, const F* gradient, int64_t n, const Adam<F>& adam) {
  double ww = 0, uu = 0;
#pragma omp simd reduction(+ : ww, uu)
  for (int64_t i = 0; i < n; ++i) {
    const F u = adam(w[i], m[i], v[i], gradient[i]);
    update[i] = u;
    ww += static_cast<double>(w[i]) * static_cast<double>(w[i]);
    uu += static_cast<double>(u) * static_cast<double>(u);
  }
  return {ww, uu};
}

template <class F>
void subtract_block(F* w, const F* u, int64_t n, F rate) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) w[i] -= rate * u[i];
}

double trust_ratio(const double* partials, int64_t blocks) {
  Squares sum;
  for (int64_t b = 0; b < blocks; ++b) {
    sum.w += partials[2 * b];
    sum.u += partials[2 * b + 1];
  }
  return sum.w == 0 || sum.u == 0 ? 1 : std::sqrt(sum.w) / std::sqrt(sum.u);
}

template <class F>
void lamb(const Stream& s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor update, double* partials,
          const AdamStep& step) {
  const Adam<F> adam(step);
  const int64_t n = value.shape.size();
  auto *w = data<F>(value), *u = data<F>(update);
  parallel_blocks(s, n, kNormBlock, [&](int64_t begin, int64_t end) {
    const Squares sum = lamb_block(u + begin, w + begin, data<F>(m) + begin, data<F>(v) + begin,
                                   data<const F>(gradient) + begin, end - begin, adam);
    partials[2 * (begin / kNormBlock)] = sum.w;
    partials[2 * (begin / kNormBlock) + 1] = sum.u;
  });
  const F rate = static_cast<F>(step.learning_rate * trust_ratio(partials, blocks_of(n, kNormBlock)));
  parallel_blocks(s, n, kNormBlock,
                  [=](int64_t begin, int64_t end) { subtract_block(w + begin, u + begin, end - begin, rate); });
}

template <class F>
void adamw(const Stream& s, Tensor value, Tensor m, Tensor v, Tensor gradient, const AdamStep& step) {
  const Adam<F> adam(step);
  const F rate = static_cast<F>(step.learning_rate);
  parallel_blocks(s, value.shape.size(), kNormBlock, [&](int64_t begin, int64_t end) {
    adamw_block(data<F>(value) + begin, data<F>(m) + begin, data<F>(v) + begin, data<const F>(gradient) + begin,
                end - begin, adam, rate);
  });
}

}  // namespace

void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, const AdamStep& step) {
  if (value.dtype == DType::kF32) return adamw<float>(s, value, m, v, gradient, step);
  adamw<double>(s, value, m, v, gradient, step);
}

void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor update, Tensor partials,
                 const AdamStep& step) {
  auto* p = data<double>(partials);
  if (value.dtype == DType::kF32) return lamb<float>(s, value, m, v, gradient, update, p, step);
  lamb<double>(s, value, m, v, gradient, update, p, step);
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
