#include "kernels/optimizer.h"

#include "kernels/check.h"
#include "kernels/global_norm.h"
#include "kernels/parallel.h"

namespace albert::kernels {
namespace {

void check_state(const char* op, Tensor value, Tensor m, Tensor v, Tensor gradient) {
  ALBERT_CHECK(value.dtype == DType::kF32 || value.dtype == DType::kF64, op, ": value is ", value.dtype,
               ", wanted f32 or f64");
  check_operand(op, "m", m, value.shape, value.dtype);
  check_operand(op, "v", v, value.shape, value.dtype);
  check_operand(op, "gradient", gradient, value.shape, value.dtype);
}

}  // namespace

void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, const AdamStep& step) {
  check_state("adamw_update", value, m, v, gradient);
  ALBERT_DISPATCH(adamw_update, s, value, m, v, gradient, step);
}

void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor update, Tensor partials,
                 const AdamStep& step) {
  check_state("lamb_update", value, m, v, gradient);
  check_operand("lamb_update", "update", update, value.shape, value.dtype);
  check_operand("lamb_update", "partials", partials, {2 * blocks_of(value.shape.size(), kNormBlock) + 2}, DType::kF64);
  ALBERT_DISPATCH(lamb_update, s, value, m, v, gradient, update, partials, step);
}

}  // namespace albert::kernels
