#pragma once
#include "kernels/dispatch.h"

namespace albert::kernels {

// One update of one parameter tensor (albert.md 5.1, 5.2). g = gradient * gradient_scale (clipping and counts);
//   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   u = (m / bias_correction1) / (sqrt(v / bias_correction2) + eps) + weight_decay * w
// Bias corrections are 1 - beta^t, or 1 for Google's variant without them.
struct AdamStep {
  double learning_rate = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
  double bias_correction1 = 1, bias_correction2 = 1;
  double gradient_scale = 1;
};

inline void describe(CallObserver& observer, const AdamStep& s) {
  observe_all(observer, s.learning_rate, s.beta1, s.beta2, s.eps, s.weight_decay, s.bias_correction1,
              s.bias_correction2, s.gradient_scale);
}

// w -= learning_rate * u.   value, m, v, gradient [n] f32 or f64, all alike
ALBERT_KERNEL(void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, const AdamStep& step))

// w -= learning_rate * |w| / |u| * u; the ratio is 1 where either norm is 0. No clamp (Google's LAMB).
//   update [n]: scratch for u, may be the gradient itself;  partials [2 * ceil(n / kNormBlock) + 2] f64: scratch
ALBERT_KERNEL(void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor update,
                               Tensor partials, const AdamStep& step))

}  // namespace albert::kernels
