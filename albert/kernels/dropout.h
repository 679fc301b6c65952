#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// One dropout site of one step. Keeping an element is a pure function of (seed, step, site, row id,
// column): the same bits for any thread count, batch order, device and recomputation; no mask is
// stored (albert/kernels/philox.h).
struct Dropout {
  double probability = 0;  // 0 switches it off; kept values are scaled by 1 / (1 - probability)
  uint64_t seed = 0;
  uint64_t step = 0;
  uint32_t site = 0;  // number of the call in the network
  Tensor row_ids;     // [rows] i64: identity of each row, independent of where it lies in the batch
  // [2] i64, read instead of the two above if given, so that a captured step sees each run's
  // values. CUDA only
  Tensor seed_and_step = {};
};

inline void describe(CallObserver& observer, const Dropout& d) {
  const bool given = static_cast<bool>(d.seed_and_step);  // then these two are not read
  observe_all(observer, d.probability, given ? 0 : d.seed, given ? 0 : d.step, d.site, d.row_ids,
              d.seed_and_step);
}

// Error(kInternal) for a probability outside [0, 1), or row_ids that are not [rows] i64 when it is
// above 0.
void check_dropout(const Stream& s, const char* op, const Dropout& dropout, int64_t rows);

// y = dropout(x).  x, y [rows, cols] F; y may be x.
ALBERT_KERNEL(void dropout_forward(Stream s, Tensor y, Tensor x, const Dropout& dropout))

// dx (mode)= dy * mask / (1 - p).  dx, dy [rows, cols] F; with kAssign dx may be dy.
ALBERT_KERNEL(void dropout_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dy,
                                    const Dropout& dropout))

}  // namespace albert::kernels
