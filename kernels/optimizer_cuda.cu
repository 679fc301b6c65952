#include <cmath>

#include "kernels/cuda_loops.h"
#include "kernels/global_norm.h"
#include "kernels/optimizer.h"

namespace albert::kernels::cuda {
namespace {

// u of one element, and its new m and v, in the parameters' own type.
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

  SIMT_DEVICE F operator()(F w, F& m, F& v, F gradient) const {
    const F g = gradient * gradient_scale;
    m = beta1 * m + one_minus_beta1 * g;
    v = beta2 * v + one_minus_beta2 * g * g;
    return m * m_correction / (std::sqrt(v * v_correction) + eps) + weight_decay * w;
  }

  F gradient_scale, beta1, beta2, one_minus_beta1, one_minus_beta2, m_correction, v_correction, eps, weight_decay;
};

// One parameter tensor and its state.
template <class F>
struct Parameter {
  F *value, *m, *v;
  const F* gradient;
  int64_t n;
};

template <class F>
struct AdamW {
  SIMT_DEVICE void operator()(int64_t i) const { p.value[i] -= rate * adam(p.value[i], p.m[i], p.v[i], p.gradient[i]); }
  Parameter<F> p;
  Adam<F> adam;
  F rate;
};

// update = u; partials[2 b], [2 b + 1] = the squares of w and u in block b.
template <class F>
SIMT_KERNEL(kThreads)
lamb_kernel(Parameter<F> p, F* update, double* partials, Adam<F> adam) {
  const int64_t begin = simt::block() * kNormBlock, end = begin + kNormBlock < p.n ? begin + kNormBlock : p.n;
  double w_squares = 0, u_squares = 0;
  for (int64_t i = begin + simt::thread(); i < end; i += kThreads) {
    const F w = p.value[i], u = adam(w, p.m[i], p.v[i], p.gradient[i]);
    update[i] = u;
    w_squares += static_cast<double>(w) * static_cast<double>(w);
    u_squares += static_cast<double>(u) * static_cast<double>(u);
  }
  auto* const scratch = simt::shared<double>();
  w_squares = block_sum(w_squares, scratch);
  u_squares = block_sum(u_squares, scratch);
  if (simt::thread() != 0) return;
  partials[2 * simt::block()] = w_squares;
  partials[2 * simt::block() + 1] = u_squares;
}

// rate = learning_rate * |w| / |u|, or learning_rate where either is 0.
SIMT_KERNEL(kThreads) lamb_rate_kernel(double* rate, const double* partials, int64_t blocks, double learning_rate) {
  double w_squares = 0, u_squares = 0;
  for (int64_t b = simt::thread(); b < blocks; b += kThreads) {
    w_squares += partials[2 * b];
    u_squares += partials[2 * b + 1];
  }
  auto* const scratch = simt::shared<double>();
  w_squares = block_sum(w_squares, scratch);
  u_squares = block_sum(u_squares, scratch);
  const double ratio = w_squares == 0 || u_squares == 0 ? 1 : std::sqrt(w_squares) / std::sqrt(u_squares);
  if (simt::thread() == 0) *rate = learning_rate * ratio;
}

template <class F>
struct Subtract {
  SIMT_DEVICE void operator()(int64_t i) const { value[i] -= static_cast<F>(*rate) * update[i]; }
  F* value;
  const F* update;
  const double* rate;
};

template <class F>
void lamb(const Stream& s, const Parameter<F>& p, F* update, double* partials, const AdamStep& step) {
  constexpr size_t kScratch = kMostWarps * sizeof(double);
  const int64_t blocks = blocks_of(p.n, kNormBlock);
  double* const rate = partials + 2 * blocks;
  simt::launch(s, {blocks, kThreads, kScratch}, lamb_kernel<F>, p, update, partials, Adam<F>(step));
  simt::launch(s, {1, kThreads, kScratch}, lamb_rate_kernel, rate, partials, blocks, step.learning_rate);
  for_elements(s, p.n, Subtract<F>{p.value, update, rate});
}

template <class F>
Parameter<F> parameter(Tensor value, Tensor m, Tensor v, Tensor gradient) {
  return {data<F>(value), data<F>(m), data<F>(v), data<const F>(gradient), value.shape.size()};
}

template <class F>
void adamw(const Stream& s, const Parameter<F>& p, const AdamStep& step) {
  for_elements(s, p.n, AdamW<F>{p, Adam<F>(step), static_cast<F>(step.learning_rate)});
}

}  // namespace

void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, const AdamStep& step) {
  if (value.dtype == DType::kF32) return adamw(s, parameter<float>(value, m, v, gradient), step);
  adamw(s, parameter<double>(value, m, v, gradient), step);
}

void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor update, Tensor partials,
                 const AdamStep& step) {
  auto* const p = data<double>(partials);
  if (value.dtype == DType::kF32) return lamb(s, parameter<float>(value, m, v, gradient), data<float>(update), p, step);
  lamb(s, parameter<double>(value, m, v, gradient), data<double>(update), p, step);
}

}  // namespace albert::kernels::cuda
