#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// gelu_new: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), Google's "gelu"; gelu: the erf form;
// silu = x sigmoid(x).
enum class Activation : uint8_t { kIdentity, kGeluNew, kGelu, kRelu, kSilu, kTanh };

// y = activation(x + bias).  x, y [rows, cols] F;  bias [cols] F or empty.  y may be x.
ALBERT_KERNEL(void bias_activation_forward(Stream s, Tensor y, Tensor x, Tensor bias,
                                           Activation activation))

// dx (mode)= dy * activation'(x + bias);  dbias += sum over rows of that, in a fixed order.
//   dx, dy, x [rows, cols] F;  bias [cols] F or empty;  dbias [cols] accumulator(F) or empty.  dx
//   may be dy.
ALBERT_KERNEL(void bias_activation_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dbias,
                                            Tensor dy, Tensor x, Tensor bias,
                                            Activation activation))

}  // namespace albert::kernels
