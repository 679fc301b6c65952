#include "kernels/dropout.h"

#include "kernels/check.h"

namespace albert::kernels {

void check_dropout(const char* op, const Dropout& dropout, int64_t rows) {
  ALBERT_CHECK(dropout.probability >= 0 && dropout.probability < 1, op, ": dropout probability ", dropout.probability);
  if (dropout.probability > 0) check_operand(op, "row_ids", dropout.row_ids, {rows}, DType::kI64);
}

void dropout_forward(Stream s, Tensor y, Tensor x, const Dropout& dropout) {
  check_float(s, "dropout", "x", x, 2);
  check_operand("dropout", "y", y, x.shape, x.dtype);
  check_dropout("dropout", dropout, x.shape[0]);
  ALBERT_DISPATCH(dropout_forward, s, y, x, dropout);
}

void dropout_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dy, const Dropout& dropout) {
  if (dx_mode == Grad::kIgnore) return;
  check_float(s, "dropout", "dy", dy, 2);
  check_operand("dropout", "dx", dx, dy.shape, dy.dtype);
  check_dropout("dropout", dropout, dy.shape[0]);
  ALBERT_DISPATCH(dropout_backward, s, dx, dx_mode, dy, dropout);
}

}  // namespace albert::kernels
