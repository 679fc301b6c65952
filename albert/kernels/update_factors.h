#pragma once
#include <cmath>

#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// The factor of an f16 loss that keeps small gradients from vanishing. It is halved when a gradient
// overflows (that update is skipped) and doubled after 2,000 updates without, as in
// torch.amp.GradScaler. It is a power of two, so that scaling rounds nothing.
struct LossScale {
  static constexpr double kStart = 65536, kLeast = 1;
  static constexpr double kPatience = 2000;

  double value = 1;
  double good_updates = 0;  // since it last changed

  // Call after every update; `applied` is false if gradients were not finite. Returns true if the
  // scale was to blame and is now halved.
  ALBERT_HOST_DEVICE bool adjust(bool applied) {
    good_updates = applied ? good_updates + 1 : 0;
    if (good_updates >= kPatience) {
      value *= 2;
      good_updates = 0;
    }
    if (applied || value <= kLeast) return false;
    value = value / 2 > kLeast ? value / 2 : kLeast;
    return true;
  }
};

// The state of training, kept on the device so that no update waits until the host knows the result
// of the one before.
struct UpdateState {
  LossScale loss_scale;      // of the next update's losses
  double updates = 0;        // applied so far
  double gradient_norm = 0;  // of gradient / loss scale in the last update, before clipping
  double applied = 0;        // 1 if its gradient was finite
  double overflowed = 0;     // 1 if it was not because of the loss scale, which is smaller now
};
constexpr int64_t kUpdateStateSize = sizeof(UpdateState) / sizeof(double);

struct UpdateRule {
  double beta1 = 0.9, beta2 = 0.999;
  bool bias_correction = true;   // Google's variant has none
  double max_gradient_norm = 0;  // clip = min(1, this / gradient_norm); 0: 1
  bool adjusts_loss_scale = false;
};

inline void describe(CallObserver& observer, const UpdateRule& r) {
  observe_all(observer, r.beta1, r.beta2, static_cast<double>(r.bias_correction),
              r.max_gradient_norm, static_cast<double>(r.adjusts_loss_scale));
}

// The factors of one update.
struct UpdateFactors {
  double gradient = 1;  // clip / loss scale; NaN skips the update: the gradient is not finite
  double m = 1, v = 1;  // 1 / (1 - beta^t), or 1
  double learning_rate = 0;
};
constexpr int64_t kUpdateFactorsSize = sizeof(UpdateFactors) / sizeof(double);

// base^n by squaring: the same bits on every device.
ALBERT_HOST_DEVICE inline double power(double base, double n) {
  double result = 1;
  for (auto left = static_cast<int64_t>(n); left > 0; left /= 2, base *= base)
    if (left % 2 != 0) result *= base;
  return result;
}

// Computes the factors of the next update and advances the state.
ALBERT_HOST_DEVICE inline UpdateFactors next_update(UpdateState& state, double squares,
                                                    double learning_rate, const UpdateRule& rule) {
  const double unscale = 1 / state.loss_scale.value, norm = std::sqrt(squares) * unscale;
  const bool finite = norm - norm == 0;
  const bool clips = rule.max_gradient_norm > 0 && norm > rule.max_gradient_norm;
  UpdateFactors factors;
  factors.learning_rate = learning_rate;
  factors.gradient = !finite ? norm - norm
                     : clips ? unscale * (rule.max_gradient_norm / norm)
                             : unscale;
  if (rule.bias_correction) {
    factors.m = 1 / (1 - power(rule.beta1, state.updates + 1));
    factors.v = 1 / (1 - power(rule.beta2, state.updates + 1));
  }
  state.gradient_norm = norm;
  state.applied = finite ? 1 : 0;
  state.updates += state.applied;
  state.overflowed = rule.adjusts_loss_scale && state.loss_scale.adjust(finite) ? 1 : 0;
  return factors;
}

// factors and state by next_update(), and the scale of the next losses where losses can be
// multiplied by it.
//   factors [4] f64: UpdateFactors;  state [6] f64: UpdateState, read and written;  loss_scale [1]
//   f32 or f64 squares [1] f64: sum_of_squares of the gradients of scaled losses learning_rate [1]
//   f64: an operand, so that a captured update sees each step's value
ALBERT_KERNEL(void update_factors(Stream s, Tensor factors, Tensor state, Tensor loss_scale,
                                  Tensor squares, Tensor learning_rate, const UpdateRule& rule))

}  // namespace albert::kernels
