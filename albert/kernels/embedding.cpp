#include "albert/kernels/embedding.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

struct Operands {
  Tensor rows, word, token_type, position, input_ids, token_type_ids, position_ids;
};

void check(const Stream& s, const char* op, const Operands& o, DType tables) {
  check_float(s, op, "the activation", o.rows, 2);
  const Shape ids{o.rows.shape[0]};
  const int64_t cols = o.rows.shape[1];
  if (o.word) check_operand(op, "word", o.word, {o.word.shape[0], cols}, tables);
  check_operand(op, "token_type", o.token_type, {o.token_type.shape[0], cols}, tables);
  check_operand(op, "position", o.position, {o.position.shape[0], cols}, tables);
  check_operand(op, "input_ids", o.input_ids, ids, DType::kI32);
  check_operand(op, "token_type_ids", o.token_type_ids, ids, DType::kI32);
  check_operand(op, "position_ids", o.position_ids, ids, DType::kI32);
}

void check_orders(const RowOrders& orders, bool words, int64_t rows) {
  const auto check_order = [&](const char* name, Tensor order) {
    check_operand("embedding_backward", name, order, {rows}, DType::kI32);
  };
  if (words) check_order("by_input_id", orders.by_input_id);
  check_order("by_token_type_id", orders.by_token_type_id);
  check_order("by_position_id", orders.by_position_id);
}

}  // namespace

void embedding_forward(Stream s, Tensor y, Tensor word, Tensor token_type, Tensor position,
                       Tensor input_ids, Tensor token_type_ids, Tensor position_ids) {
  ALBERT_CHECK(word || y.shape.size() == 0, "embedding_forward: no word table");
  check(s, "embedding_forward",
        {y, word, token_type, position, input_ids, token_type_ids, position_ids}, y.dtype);
  ALBERT_DISPATCH(embedding_forward, s, y, word, token_type, position, input_ids, token_type_ids,
                  position_ids);
}

void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition, Tensor dy,
                        Tensor input_ids, Tensor token_type_ids, Tensor position_ids,
                        const RowOrders& orders, int64_t padding_idx) {
  check(s, "embedding_backward",
        {dy, dword, dtoken_type, dposition, input_ids, token_type_ids, position_ids},
        accumulator(dy.dtype));
  if (s.device == Device::kCuda) check_orders(orders, static_cast<bool>(dword), dy.shape[0]);
  ALBERT_CHECK(padding_idx >= -1 && (!dword || padding_idx < dword.shape[0]),
               "embedding_backward: padding_idx ", padding_idx, " of ", dword.shape[0], " rows");
  ALBERT_DISPATCH(embedding_backward, s, dword, dtoken_type, dposition, dy, input_ids,
                  token_type_ids, position_ids, orders, padding_idx);
}

}  // namespace albert::kernels
