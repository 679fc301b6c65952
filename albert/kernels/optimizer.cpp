#include "albert/kernels/optimizer.h"

#include <algorithm>
#include <bit>

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

void check_state(const char* op, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                 const UpdateTable& table) {
  ALBERT_CHECK(value.dtype == DType::kF32 || value.dtype == DType::kF64, op, ": value is ",
               value.dtype, ", wanted f32 or f64");
  check_operand(op, "m", m, value.shape, value.dtype);
  check_operand(op, "v", v, value.shape, value.dtype);
  check_operand(op, "gradient", gradient, value.shape, value.dtype);
  check_operand(op, "factors", factors, {kUpdateFactorsSize}, DType::kF64);
  check_operand(op, "blocks", table.blocks, {table.blocks.shape[0], 3}, DType::kI64);
  check_operand(op, "parameters", table.parameters, {table.parameters.shape[0], 4}, DType::kI64);
}

}  // namespace

void UpdateRows::add(int64_t first_element, int64_t elements, bool decays, double rate) {
  const auto parameter = static_cast<int64_t>(parameters.size() / 4),
             first_block = static_cast<int64_t>(blocks.size() / 3);
  for (int64_t begin = 0; begin < elements; begin += kUpdateBlock)
    blocks.insert(blocks.end(),
                  {first_element + begin, first_element + std::min(begin + kUpdateBlock, elements),
                   parameter});
  parameters.insert(parameters.end(), {first_block, static_cast<int64_t>(blocks.size() / 3),
                                       decays ? 1 : 0, std::bit_cast<int64_t>(rate)});
}

void adamw_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                  const UpdateTable& table, const AdamRule& rule) {
  check_state("adamw_update", value, m, v, gradient, factors, table);
  ALBERT_DISPATCH(adamw_update, s, value, m, v, gradient, factors, table, rule);
}

void lamb_update(Stream s, Tensor value, Tensor m, Tensor v, Tensor gradient, Tensor factors,
                 Tensor update, Tensor partials, Tensor rates, const UpdateTable& table,
                 const AdamRule& rule) {
  check_state("lamb_update", value, m, v, gradient, factors, table);
  check_operand("lamb_update", "update", update, value.shape, value.dtype);
  check_operand("lamb_update", "partials", partials, {table.blocks.shape[0], 2}, DType::kF64);
  check_operand("lamb_update", "rates", rates, {table.parameters.shape[0]}, DType::kF64);
  ALBERT_DISPATCH(lamb_update, s, value, m, v, gradient, factors, update, partials, rates, table,
                  rule);
}

void moving_average(Stream s, Tensor average, Tensor value, Tensor factors, double decay) {
  constexpr const char* kOp = "moving_average";
  ALBERT_CHECK(value.dtype == DType::kF32 || value.dtype == DType::kF64, kOp, ": value is ",
               value.dtype, ", wanted f32 or f64");
  ALBERT_CHECK(decay >= 0 && decay < 1, kOp, ": decay is ", decay, ", wanted 0 up to 1");
  check_operand(kOp, "average", average, value.shape, value.dtype);
  check_operand(kOp, "factors", factors, {kUpdateFactorsSize}, DType::kF64);
  ALBERT_DISPATCH(moving_average, s, average, value, factors, decay);
}

}  // namespace albert::kernels
