#include "albert/kernels/attention.h"

#include "albert/kernels/check.h"

namespace albert::kernels {
namespace {

constexpr int64_t kMaxKeys =
    65536;  // of one sequence: a dropout column holds the head above 16 bits of key

void check_columns(const char* name, const Columns& c, int64_t width, DType dtype) {
  const Shape& shape = c.matrix.shape;
  ALBERT_CHECK(
      shape.rank() == 2 && c.matrix.dtype == dtype && c.begin >= 0 && c.begin + width <= shape[1],
      "attention: ", name, " is columns ", c.begin, "..", c.begin + width, " of ", c.matrix.dtype,
      " ", shape);
}

// Checks everything except the operands that an entry assigns.
void check_inputs(const Stream& s, Tensor out, Tensor log_sum_exp, const Columns& q,
                  const Columns& k, const Columns& v, const AttentionShape& shape,
                  const Dropout& dropout) {
  const int64_t width = shape.heads * shape.head_size;
  ALBERT_CHECK(shape.heads > 0 && shape.head_size > 0, "attention: ", shape.heads, " heads of ",
               shape.head_size);
  check_float(s, "attention", "out", out, 2);
  check_columns("q", q, width, out.dtype);
  check_columns("k", k, width, out.dtype);
  check_columns("v", v, width, out.dtype);
  check_operand("attention", "out", out, {q.matrix.shape[0], width}, out.dtype);
  ALBERT_CHECK(k.matrix.shape[0] == v.matrix.shape[0], "attention: k ", k.matrix.shape, " v ",
               v.matrix.shape);
  check_operand("attention", "log_sum_exp", log_sum_exp, {shape.heads, out.shape[0]},
                accumulator(out.dtype));
  check_operand("attention", "cu_seqlens_q", shape.cu_seqlens_q, {shape.cu_seqlens_q.shape.size()},
                DType::kI32);
  check_operand("attention", "cu_seqlens_k", shape.cu_seqlens_k, shape.cu_seqlens_q.shape,
                DType::kI32);
  ALBERT_CHECK(shape.cu_seqlens_q.shape[0] >= 1, "attention: cu_seqlens_q is empty");
  check_dropout(s, "attention", dropout, out.shape[0]);
  ALBERT_CHECK(
      dropout.probability == 0 || k.matrix.shape[0] <= kMaxKeys || shape.cu_seqlens_k.shape[0] > 2,
      "attention: dropout over a sequence of more than ", kMaxKeys, " keys");
}

}  // namespace

void attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor probabilities, Columns q,
                       Columns k, Columns v, const AttentionShape& shape, const Dropout& dropout) {
  check_inputs(s, out, log_sum_exp, q, k, v, shape, dropout);
  if (probabilities) {
    const Shape& p = probabilities.shape;
    ALBERT_CHECK(p.rank() == 4 && p[0] + 1 == shape.cu_seqlens_q.shape[0] && p[1] == shape.heads &&
                     p[2] == p[3] && probabilities.dtype == out.dtype,
                 "attention: probabilities is ", probabilities.dtype, " ", p);
    check_operand("attention", "positions_q", shape.positions_q, {out.shape[0]}, DType::kI32);
  }
  ALBERT_DISPATCH(attention_forward, s, out, log_sum_exp, probabilities, q, k, v, shape, dropout);
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Columns q,
                        Columns k, Columns v, Tensor log_sum_exp, Tensor delta,
                        const AttentionShape& shape, const Dropout& dropout) {
  check_inputs(s, dout, log_sum_exp, q, k, v, shape, dropout);
  check_operand("attention", "delta", delta, log_sum_exp.shape, log_sum_exp.dtype);
  const int64_t width = shape.heads * shape.head_size;
  check_columns("dq", dq, width, dout.dtype);
  check_columns("dk", dk, width, dout.dtype);
  check_columns("dv", dv, width, dout.dtype);
  ALBERT_CHECK(dq.matrix.shape[0] == q.matrix.shape[0] && dk.matrix.shape[0] == k.matrix.shape[0] &&
                   dv.matrix.shape[0] == v.matrix.shape[0],
               "attention: dq ", dq.matrix.shape, " dk ", dk.matrix.shape, " dv ", dv.matrix.shape);
  ALBERT_DISPATCH(attention_backward, s, dq, dk, dv, dout, q, k, v, log_sum_exp, delta, shape,
                  dropout);
}

}  // namespace albert::kernels
