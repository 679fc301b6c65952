#include "albert/kernels/global_norm.h"

#include "albert/kernels/blocks.h"
#include "albert/kernels/check.h"

namespace albert::kernels {

void sum_of_squares(Stream s, Tensor total, Tensor partials, Tensor x) {
  ALBERT_CHECK(x.dtype == DType::kF32 || x.dtype == DType::kF64, "sum_of_squares: x is ", x.dtype,
               ", wanted f32 or f64");
  check_operand("sum_of_squares", "total", total, {1}, DType::kF64);
  check_operand("sum_of_squares", "partials", partials, {blocks_of(x.shape.size(), kNormBlock)},
                DType::kF64);
  ALBERT_DISPATCH(sum_of_squares, s, total, partials, x);
}

}  // namespace albert::kernels
