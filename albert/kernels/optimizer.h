#pragma once
#include <vector>

#include "albert/kernels/update_factors.h"

namespace albert::kernels {

// One update of all parameters (docs/albert.md 5.1, 5.2), with UpdateFactors f:
//   g = f.gradient * gradient
//   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   u = f.m m / (sqrt(f.v v) + eps) + weight_decay * w, the last only for parameters that decay
struct AdamRule {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
};

inline void describe(CallObserver& observer, const AdamRule& r) {
  observe_all(observer, r.beta1, r.beta2, r.eps, r.weight_decay);
}

constexpr int64_t kUpdateBlock = 16384;  // most elements of a block of an UpdateTable

// Divides a flat range into parameters, so that one launch updates all of them.
//   blocks [N, 3] i64: first element, one behind the last, parameter
//   parameters [P, 4] i64: first block, one behind the last, 1 if it decays (and LAMB scales it by
//   the trust ratio), the bits of the f64 that its learning rate is multiplied by
struct UpdateTable {
  Tensor blocks, parameters;
};
inline void describe(CallObserver& observer, const UpdateTable& t) {
  observe_all(observer, t.blocks, t.parameters);
}

// The rows of an UpdateTable, parameter by parameter.
struct UpdateRows {
  std::vector<int64_t> blocks, parameters;
  void add(int64_t first_element, int64_t elements, bool decays, double rate = 1);
};

// w -= f.learning_rate * rate * u; nothing changes if the factor of the gradient is NaN.
//   value, m, v, gradient [n] f32 or f64, all alike;  factors [4] f64: of update_factors()
ALBERT_KERNEL(void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient,
                                Tensor factors, const UpdateTable& table, const AdamRule& rule))

// w -= f.learning_rate * rate * |w| / |u| * u; the ratio is 1 if either norm is 0 or the
// parameter does not decay. No clamp (Google's LAMB).
//   update [n]: scratch for u, may be the gradient itself;  partials [N, 2], rates [P] f64: scratch
ALBERT_KERNEL(void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient,
                               Tensor factors, Tensor update, Tensor partials, Tensor rates,
                               const UpdateTable& table, const AdamRule& rule))

// average += (1 - decay) * (value - average), behind an update; nothing changes if it had no
// effect, the factor of its gradient being NaN.
//   average, value [n] f32 or f64, both alike;  factors [4] f64: of update_factors()
ALBERT_KERNEL(void moving_average(Stream s, Tensor average, Tensor value, Tensor factors,
                                  double decay))

}  // namespace albert::kernels
