#include "albert/kernels/update_factors.h"

#include "albert/kernels/check.h"

namespace albert::kernels {

void update_factors(Stream s, Tensor factors, Tensor state, Tensor loss_scale, Tensor squares,
                    Tensor learning_rate, const UpdateRule& rule) {
  check_operand("update_factors", "factors", factors, {kUpdateFactorsSize}, DType::kF64);
  check_operand("update_factors", "state", state, {kUpdateStateSize}, DType::kF64);
  ALBERT_CHECK(loss_scale.dtype == DType::kF32 || loss_scale.dtype == DType::kF64,
               "update_factors: loss_scale is ", loss_scale.dtype, ", wanted f32 or f64");
  check_operand("update_factors", "loss_scale", loss_scale, {1}, loss_scale.dtype);
  check_operand("update_factors", "squares", squares, {1}, DType::kF64);
  check_operand("update_factors", "learning_rate", learning_rate, {1}, DType::kF64);
  ALBERT_DISPATCH(update_factors, s, factors, state, loss_scale, squares, learning_rate, rule);
}

}  // namespace albert::kernels
