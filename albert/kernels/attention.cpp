#include "albert/kernels/attention.h"

#include "albert/kernels/attention_sizes.h"
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
void check_inputs(const Stream& s, Tensor out, Tensor out_error, Tensor log_sum_exp,
                  const Columns& q, const Columns& k, const Columns& v, const AttentionShape& shape,
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
  if (out_error) check_operand("attention", "out_error", out_error, out.shape, DType::kBF16);
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

// In a dry run the stream keeps what computes matmuls on a GPU.
bool is_of_gpu(const Stream& s) { return s.device == Device::kCuda || s.cublas; }

}  // namespace

bool keeps_out_error(const Stream& s, DType dtype, int64_t head_size) {
  return is_of_gpu(s) && fits_tensor_cores(dtype, head_size);
}

size_t attention_backward_workspace(const Stream& s, DType dtype, int64_t queries, int64_t keys,
                                    const AttentionShape& shape) {
  if (keeps_out_error(s, dtype, shape.head_size))
    return static_cast<size_t>(
               workspace_rows(shape.heads, queries, shape.cu_seqlens_q.shape[0] - 1) *
               workspace_floats_of_row(shape.head_size, most_rows(shape, keys))) *
           sizeof(float);
  return static_cast<size_t>(shape.heads * queries) * size_of(accumulator(dtype));
}

void attention_forward(Stream s, Tensor out, Tensor out_error, Tensor log_sum_exp,
                       Tensor probabilities, Columns q, Columns k, Columns v,
                       const AttentionShape& shape, const Dropout& dropout) {
  check_inputs(s, out, out_error, log_sum_exp, q, k, v, shape, dropout);
  if (probabilities) {
    const Shape& p = probabilities.shape;
    ALBERT_CHECK(p.rank() == 4 && p[0] + 1 == shape.cu_seqlens_q.shape[0] && p[1] == shape.heads &&
                     p[2] == p[3] && probabilities.dtype == out.dtype,
                 "attention: probabilities is ", probabilities.dtype, " ", p);
    check_operand("attention", "positions_q", shape.positions_q, {out.shape[0]}, DType::kI32);
  }
  ALBERT_DISPATCH(attention_forward, s, out, out_error, log_sum_exp, probabilities, q, k, v, shape,
                  dropout);
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor out,
                        Tensor out_error, Columns q, Columns k, Columns v, Tensor log_sum_exp,
                        Tensor workspace, const AttentionShape& shape, const Dropout& dropout) {
  check_inputs(s, dout, out_error, log_sum_exp, q, k, v, shape, dropout);
  if (out_error) check_operand("attention", "out", out, dout.shape, dout.dtype);
  const size_t wanted =
      attention_backward_workspace(s, dout.dtype, q.matrix.shape[0], k.matrix.shape[0], shape);
  ALBERT_CHECK(workspace.bytes() >= wanted, "attention: workspace is ", workspace.bytes(),
               " bytes, wanted ", wanted);
  const int64_t width = shape.heads * shape.head_size;
  check_columns("dq", dq, width, dout.dtype);
  check_columns("dk", dk, width, dout.dtype);
  check_columns("dv", dv, width, dout.dtype);
  ALBERT_CHECK(dq.matrix.shape[0] == q.matrix.shape[0] && dk.matrix.shape[0] == k.matrix.shape[0] &&
                   dv.matrix.shape[0] == v.matrix.shape[0],
               "attention: dq ", dq.matrix.shape, " dk ", dk.matrix.shape, " dv ", dv.matrix.shape);
  ALBERT_DISPATCH(attention_backward, s, dq, dk, dv, dout, out, out_error, q, k, v, log_sum_exp,
                  workspace, shape, dropout);
}

}  // namespace albert::kernels
