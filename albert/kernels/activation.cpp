#include "albert/kernels/activation.h"

#include "albert/kernels/check.h"

namespace albert::kernels {

void bias_activation_forward(Stream s, Tensor y, Tensor x, Tensor bias, Activation activation) {
  check_float(s, "bias_activation", "x", x, 2);
  check_operand("bias_activation", "y", y, x.shape, x.dtype);
  if (bias) check_operand("bias_activation", "bias", bias, {x.shape[1]}, x.dtype);
  ALBERT_DISPATCH(bias_activation_forward, s, y, x, bias, activation);
}

void bias_activation_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dbias, Tensor dy, Tensor x,
                              Tensor bias, Activation activation) {
  check_float(s, "bias_activation", "x", x, 2);
  check_operand("bias_activation", "dy", dy, x.shape, x.dtype);
  if (dx_mode != Grad::kIgnore) check_operand("bias_activation", "dx", dx, x.shape, x.dtype);
  if (bias) check_operand("bias_activation", "bias", bias, {x.shape[1]}, x.dtype);
  if (dbias) check_operand("bias_activation", "dbias", dbias, {x.shape[1]}, accumulator(x.dtype));
  ALBERT_DISPATCH(bias_activation_backward, s, dx, dx_mode, dbias, dy, x, bias, activation);
}

}  // namespace albert::kernels
