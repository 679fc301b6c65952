#pragma once
#include "albert/kernels/dropout.h"

namespace albert::kernels {

// y = (h - mean) * rstd * gamma + beta over the last axis, h = dropout(x) + residual; variance in
// two passes. A GPU takes rows of at most 8192 columns, of 4096 where they are not a multiple of 8.
//   x, y [rows, cols] F;  residual [rows, cols] F or empty;  gamma, beta [cols] F
//   mean, rstd [rows] accumulator(F), saved for backward;  rstd = 1 / sqrt(var + eps).  y may be x
//   or residual.
ALBERT_KERNEL(void layer_norm_forward(Stream s, Tensor y, Tensor mean, Tensor rstd, Tensor x,
                                      Tensor residual, Tensor gamma, Tensor beta, double eps,
                                      const Dropout& dropout))

// With g = dy * gamma and xhat = (h - mean) * rstd, h recomputed from x and residual, per row:
//   dh         = rstd * (g - mean(g) - xhat * mean(g * xhat))
//   dx         = dh * mask / (1 - p)  written as dx_mode says;   dresidual = dh  as dresidual_mode
//   says dgamma    += sum_rows(dy * xhat);  dbeta += sum_rows(dy)     [cols] accumulator(F), always
//   added
ALBERT_KERNEL(void layer_norm_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dresidual,
                                       Grad dresidual_mode, Tensor dgamma, Tensor dbeta, Tensor dy,
                                       Tensor x, Tensor residual, Tensor mean, Tensor rstd,
                                       Tensor gamma, const Dropout& dropout))

}  // namespace albert::kernels
