#include "albert/kernels/elementwise_loss.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

void check_inputs(const Stream& s, const char* op, Tensor x, Tensor targets, Tensor class_weights) {
  check_float(s, op, "x", x, 2);
  check_operand(op, "targets", targets, x.shape, DType::kF32);
  if (class_weights) check_operand(op, "class_weights", class_weights, {x.shape[1]}, DType::kF32);
}

void check_forward(const char* op, Tensor loss, Tensor row_loss, Tensor x) {
  check_operand(op, "loss", loss, {1}, accumulator(x.dtype));
  check_operand(op, "row_loss", row_loss, {x.shape[0]}, accumulator(x.dtype));
}

void check_backward(const char* op, Tensor dx, Tensor dloss, Tensor x) {
  check_operand(op, "dx", dx, x.shape, x.dtype);
  check_operand(op, "dloss", dloss, {1}, accumulator(x.dtype));
}

}  // namespace

void binary_cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor logits,
                                  Tensor targets, Tensor class_weights, double scale) {
  check_inputs(s, "binary_cross_entropy_forward", logits, targets, class_weights);
  check_forward("binary_cross_entropy_forward", loss, row_loss, logits);
  ALBERT_DISPATCH(binary_cross_entropy_forward, s, loss, row_loss, logits, targets, class_weights,
                  scale);
}

void binary_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                   Tensor logits, Tensor targets, Tensor class_weights,
                                   double scale) {
  if (dlogits_mode == Grad::kIgnore) return;
  check_inputs(s, "binary_cross_entropy_backward", logits, targets, class_weights);
  check_backward("binary_cross_entropy_backward", dlogits, dloss, logits);
  ALBERT_DISPATCH(binary_cross_entropy_backward, s, dlogits, dlogits_mode, dloss, logits, targets,
                  class_weights, scale);
}

void mean_squared_error_forward(Stream s, Tensor loss, Tensor row_loss, Tensor x, Tensor targets,
                                double scale) {
  check_inputs(s, "mean_squared_error_forward", x, targets, {});
  check_forward("mean_squared_error_forward", loss, row_loss, x);
  ALBERT_DISPATCH(mean_squared_error_forward, s, loss, row_loss, x, targets, scale);
}

void mean_squared_error_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dloss, Tensor x,
                                 Tensor targets, double scale) {
  if (dx_mode == Grad::kIgnore) return;
  check_inputs(s, "mean_squared_error_backward", x, targets, {});
  check_backward("mean_squared_error_backward", dx, dloss, x);
  ALBERT_DISPATCH(mean_squared_error_backward, s, dx, dx_mode, dloss, x, targets, scale);
}

}  // namespace albert::kernels
