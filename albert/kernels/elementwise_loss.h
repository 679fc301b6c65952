#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// loss = scale * sum w[c] * (max(x, 0) - x y + log(1 + exp(-|x|)))
// torch's BCEWithLogitsLoss(weight) with scale 1 / (R C)
//   logits [R, C] F;  targets [R, C] f32;  class_weights [C] f32 or empty;  loss [1], row_loss [R]
//   accumulator(F)
ALBERT_KERNEL(void binary_cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss,
                                                Tensor logits, Tensor targets, Tensor class_weights,
                                                double scale))

// dlogits (mode)= dloss * scale * w[c] * (sigmoid(x) - y)
ALBERT_KERNEL(void binary_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode,
                                                 Tensor dloss, Tensor logits, Tensor targets,
                                                 Tensor class_weights, double scale))

// loss = scale * sum (x - y)^2.  x [R, C] F;  targets [R, C] f32;  loss [1], row_loss [R]
// accumulator(F)
ALBERT_KERNEL(void mean_squared_error_forward(Stream s, Tensor loss, Tensor row_loss, Tensor x,
                                              Tensor targets, double scale))

// dx (mode)= dloss * scale * 2 (x - y)
ALBERT_KERNEL(void mean_squared_error_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dloss,
                                               Tensor x, Tensor targets, double scale))

}  // namespace albert::kernels
