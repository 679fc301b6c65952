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
  check_operand(op, "word", o.word, {o.word.shape[0], cols}, tables);
  check_operand(op, "token_type", o.token_type, {o.token_type.shape[0], cols}, tables);
  check_operand(op, "position", o.position, {o.position.shape[0], cols}, tables);
  check_operand(op, "input_ids", o.input_ids, ids, DType::kI32);
  check_operand(op, "token_type_ids", o.token_type_ids, ids, DType::kI32);
  check_operand(op, "position_ids", o.position_ids, ids, DType::kI32);
}

}  // namespace

void embedding_forward(Stream s, Tensor y, Tensor word, Tensor token_type, Tensor position,
                       Tensor input_ids, Tensor token_type_ids, Tensor position_ids) {
  check(s, "embedding_forward",
        {y, word, token_type, position, input_ids, token_type_ids, position_ids}, y.dtype);
  ALBERT_DISPATCH(embedding_forward, s, y, word, token_type, position, input_ids, token_type_ids,
                  position_ids);
}

void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition, Tensor dy,
                        Tensor input_ids, Tensor token_type_ids, Tensor position_ids,
                        int64_t padding_idx) {
  check(s, "embedding_backward",
        {dy, dword, dtoken_type, dposition, input_ids, token_type_ids, position_ids},
        accumulator(dy.dtype));
  ALBERT_CHECK(padding_idx >= -1 && padding_idx < dword.shape[0],
               "embedding_backward: padding_idx ", padding_idx, " of ", dword.shape[0], " rows");
  ALBERT_DISPATCH(embedding_backward, s, dword, dtoken_type, dposition, dy, input_ids,
                  token_type_ids, position_ids, padding_idx);
}

}  // namespace albert::kernels
