#include "albert/kernels/layer_norm.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

void check_inputs(const Stream& s, Tensor x, Tensor residual, Tensor mean, Tensor rstd,
                  Tensor gamma, const Dropout& dropout) {
  check_float(s, "layer_norm", "x", x, 2);
  if (residual) check_operand("layer_norm", "residual", residual, x.shape, x.dtype);
  check_operand("layer_norm", "mean", mean, {x.shape[0]}, accumulator(x.dtype));
  check_operand("layer_norm", "rstd", rstd, {x.shape[0]}, accumulator(x.dtype));
  check_operand("layer_norm", "gamma", gamma, {x.shape[1]}, x.dtype);
  check_dropout(s, "layer_norm", dropout, x.shape[0]);
}

}  // namespace

void layer_norm_forward(Stream s, Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor residual,
                        Tensor gamma, Tensor beta, double eps, const Dropout& dropout) {
  check_inputs(s, x, residual, mean, rstd, gamma, dropout);
  check_operand("layer_norm", "y", y, x.shape, x.dtype);
  check_operand("layer_norm", "beta", beta, gamma.shape, x.dtype);
  ALBERT_DISPATCH(layer_norm_forward, s, y, mean, rstd, x, residual, gamma, beta, eps, dropout);
}

void layer_norm_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dresidual, Grad dresidual_mode,
                         Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor residual,
                         Tensor mean, Tensor rstd, Tensor gamma, const Dropout& dropout) {
  check_inputs(s, x, residual, mean, rstd, gamma, dropout);
  check_operand("layer_norm", "dy", dy, x.shape, x.dtype);
  if (dx_mode != Grad::kIgnore) check_operand("layer_norm", "dx", dx, x.shape, x.dtype);
  if (dresidual_mode != Grad::kIgnore)
    check_operand("layer_norm", "dresidual", dresidual, x.shape, x.dtype);
  check_operand("layer_norm", "dgamma", dgamma, gamma.shape, accumulator(x.dtype));
  check_operand("layer_norm", "dbeta", dbeta, gamma.shape, accumulator(x.dtype));
  ALBERT_DISPATCH(layer_norm_backward, s, dx, dx_mode, dresidual, dresidual_mode, dgamma, dbeta, dy,
                  x, residual, mean, rstd, gamma, dropout);
}

}  // namespace albert::kernels
