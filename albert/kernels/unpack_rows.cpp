#include "albert/kernels/unpack_rows.h"

#include "albert/kernels/check.h"

namespace albert::kernels {

void unpack_rows(Stream s, Tensor y, Tensor x, Tensor rows) {
  check_float(s, "unpack_rows", "x", x, 2);
  check_operand("unpack_rows", "y", y, {rows.shape[0], x.shape[1]}, accumulator(x.dtype));
  check_operand("unpack_rows", "rows", rows, {rows.shape[0]}, DType::kI32);
  ALBERT_DISPATCH(unpack_rows, s, y, x, rows);
}

}  // namespace albert::kernels
