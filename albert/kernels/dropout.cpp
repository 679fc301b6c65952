#include "albert/kernels/dropout.h"

#include "albert/kernels/check.h"

namespace albert::kernels {

void check_dropout(const Stream& s, const char* op, const Dropout& dropout, int64_t rows) {
  ALBERT_CHECK(dropout.probability >= 0 && dropout.probability < 1, op, ": dropout probability ",
               dropout.probability);
  if (dropout.probability > 0) check_operand(op, "row_ids", dropout.row_ids, {rows}, DType::kI64);
  if (!dropout.seed_and_step) return;
  ALBERT_CHECK(s.device != Device::kCpu, op, ": seed_and_step is for CUDA");
  check_operand(op, "seed_and_step", dropout.seed_and_step, {2}, DType::kI64);
}

void dropout_forward(Stream s, Tensor y, Tensor x, const Dropout& dropout) {
  check_float(s, "dropout", "x", x, 2);
  check_operand("dropout", "y", y, x.shape, x.dtype);
  check_dropout(s, "dropout", dropout, x.shape[0]);
  ALBERT_DISPATCH(dropout_forward, s, y, x, dropout);
}

void dropout_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dy, const Dropout& dropout) {
  if (dx_mode == Grad::kIgnore) return;
  check_float(s, "dropout", "dy", dy, 2);
  check_operand("dropout", "dx", dx, dy.shape, dy.dtype);
  check_dropout(s, "dropout", dropout, dy.shape[0]);
  ALBERT_DISPATCH(dropout_backward, s, dx, dx_mode, dy, dropout);
}

}  // namespace albert::kernels
