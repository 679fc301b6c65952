#include "albert/kernels/row_ops.h"

#include "albert/kernels/check.h"

namespace albert::kernels {

void gather_rows(Stream s, Tensor y, Tensor x, Tensor index) {
  check_float(s, "gather_rows", "x", x, 2);
  check_operand("gather_rows", "y", y, {index.shape[0], x.shape[1]}, x.dtype);
  check_operand("gather_rows", "index", index, {index.shape[0]}, DType::kI32);
  ALBERT_DISPATCH(gather_rows, s, y, x, index);
}

void scatter_rows(Stream s, Tensor dx, Grad dx_mode, Tensor dy, Tensor index) {
  if (dx_mode == Grad::kIgnore) return;
  check_float(s, "scatter_rows", "dx", dx, 2);
  check_operand("scatter_rows", "dy", dy, {index.shape[0], dx.shape[1]}, dx.dtype);
  check_operand("scatter_rows", "index", index, {index.shape[0]}, DType::kI32);
  ALBERT_DISPATCH(scatter_rows, s, dx, dx_mode, dy, index);
}

void accumulate(Stream s, Tensor dst, Grad mode, Tensor src) {
  if (mode == Grad::kIgnore) return;
  check_operand("accumulate", "dst", dst, src.shape, dst.dtype);
  check_float(s, "accumulate", "dst", dst, dst.shape.rank());
  check_float(s, "accumulate", "src", src, src.shape.rank());
  ALBERT_DISPATCH(accumulate, s, dst, mode, src);
}

void sum_rows(Stream s, Tensor total, Tensor x) {
  check_float(s, "sum_rows", "x", x, 2);
  check_operand("sum_rows", "total", total, {x.shape[1]}, accumulator(x.dtype));
  ALBERT_DISPATCH(sum_rows, s, total, x);
}

}  // namespace albert::kernels
