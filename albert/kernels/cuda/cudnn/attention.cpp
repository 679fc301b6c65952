#include "albert/kernels/cuda/cudnn/attention.h"

#include <bit>
#include <limits>

#include "albert/kernels/check.h"
#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels {
namespace {

constexpr int64_t kMaxHeadSize = 128;  // the limit of backward on every GPU
constexpr int64_t kAlignElements = 8;  // 16 bytes: the alignment of heads and rows
constexpr size_t kAlignBytes = 256;    // alignment of cuDNN's part of the workspace

// Totals are upper bounds, rounded up so that batches of about the same size find the same graph.
int64_t rounded_total(int64_t rows) {
  const auto step = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(rows)) / 16);
  return step == 0 ? rows : (rows + step - 1) / step * step;
}

CudnnProblem problem_of(bool backward, const Columns& q, const Columns& k, const Columns& v,
                        const AttentionShape& shape, int64_t longest) {
  return {backward,
          q.matrix.dtype,
          shape.heads,
          shape.head_size,
          shape.cu_seqlens_q.shape[0] - 1,
          longest,
          backward ? rounded_total(q.matrix.shape[0]) : 0,
          backward ? rounded_total(k.matrix.shape[0]) : 0,
          q.matrix.shape[1],
          k.matrix.shape[1],
          v.matrix.shape[1]};
}

size_t array_bytes(const CudnnProblem& p) {
  return (static_cast<size_t>(p.sequences + 1) * sizeof(int32_t) + kAlignBytes - 1) / kAlignBytes *
         kAlignBytes;
}
size_t indices_bytes(const CudnnProblem& p) { return 7 * array_bytes(p); }

// The indices lie in the first part of the workspace.
CudnnIndices indices_in(Tensor workspace, const CudnnProblem& p) {
  auto* at = static_cast<std::byte*>(workspace.data);
  const auto next = [&] {
    const Tensor array{at, {p.sequences + 1}, DType::kI32};
    if (at) at += array_bytes(p);
    return array;
  };
  CudnnIndices indices;
  for (Tensor& offsets : indices.offsets) offsets = next();
  for (Tensor& lengths : indices.lengths) lengths = next();
  return indices;
}

void check_columns(const char* name, const Columns& c, int64_t width, Tensor like) {
  const Shape& shape = c.matrix.shape;
  ALBERT_CHECK(shape.rank() == 2 && c.matrix.dtype == like.dtype && c.begin >= 0 &&
                   c.begin + width <= shape[1] && c.begin % kAlignElements == 0 &&
                   shape[1] % kAlignElements == 0,
               "cudnn_attention: ", name, " is columns ", c.begin, "..", c.begin + width, " of ",
               c.matrix.dtype, " ", shape);
  ALBERT_CHECK(shape[0] * shape[1] <= std::numeric_limits<int32_t>::max(),
               "cudnn_attention: ", name, " ", shape,
               " has more elements than 32 bits count: use --attention own or a smaller batch");
}

void check_inputs(const Stream& s, Tensor out, Tensor log_sum_exp, const Columns& q,
                  const Columns& k, const Columns& v, const AttentionShape& shape,
                  int64_t longest) {
  const int64_t width = shape.heads * shape.head_size;
  ALBERT_CHECK(cudnn_takes(s, out.dtype, shape.head_size, {}) && shape.heads > 0,
               "cudnn_attention: ", shape.heads, " heads of ", shape.head_size, " in ", out.dtype);
  check_operand("cudnn_attention", "out", out, {q.matrix.shape[0], width}, out.dtype);
  check_columns("q", q, width, out);
  check_columns("k", k, width, out);
  check_columns("v", v, width, out);
  ALBERT_CHECK(k.matrix.shape[0] == v.matrix.shape[0], "cudnn_attention: k ", k.matrix.shape, " v ",
               v.matrix.shape);
  check_operand("cudnn_attention", "log_sum_exp", log_sum_exp, {out.shape[0], shape.heads},
                DType::kF32);
  check_operand("cudnn_attention", "cu_seqlens_q", shape.cu_seqlens_q,
                {shape.cu_seqlens_q.shape.size()}, DType::kI32);
  check_operand("cudnn_attention", "cu_seqlens_k", shape.cu_seqlens_k, shape.cu_seqlens_q.shape,
                DType::kI32);
  ALBERT_CHECK(shape.cu_seqlens_q.shape[0] >= 2 && longest > 0,
               "cudnn_attention: ", shape.cu_seqlens_q.shape, " sequences of at most ", longest);
}

void* first_of(const Columns& c) {
  return static_cast<std::byte*>(c.matrix.data) +
         static_cast<size_t>(c.begin) * size_of(c.matrix.dtype);
}

// The operands that both passes hand to cuDNN.
CudnnOperands common_operands(const CudnnIndices& indices, Tensor out, Tensor log_sum_exp,
                              const Columns& q, const Columns& k, const Columns& v) {
  CudnnOperands o;
  o[CudnnTensor::kQ] = first_of(q);
  o[CudnnTensor::kK] = first_of(k);
  o[CudnnTensor::kV] = first_of(v);
  o[CudnnTensor::kOut] = out.data;
  o[CudnnTensor::kStatistics] = log_sum_exp.data;
  o[CudnnTensor::kOffsetsQ] = indices.offsets[0].data;
  o[CudnnTensor::kOffsetsK] = indices.offsets[1].data;
  o[CudnnTensor::kOffsetsV] = indices.offsets[2].data;
  o[CudnnTensor::kOffsetsOut] = indices.offsets[3].data;
  o[CudnnTensor::kOffsetsStatistics] = indices.offsets[4].data;
  o[CudnnTensor::kLengthsQ] = indices.lengths[0].data;
  o[CudnnTensor::kLengthsK] = indices.lengths[1].data;
  return o;
}

void run(const Stream& s, const CudnnProblem& p, [[maybe_unused]] const CudnnIndices& indices,
         const CudnnOperands& operands, Tensor workspace,
         [[maybe_unused]] const AttentionShape& shape) {
  if (s.device != Device::kCuda) return;
  [[maybe_unused]] const int64_t strides[5] = {p.q_stride, p.k_stride, p.v_stride,
                                               p.heads * p.head_size, p.heads};
  ALBERT_CALL_CUDA(cudnn_indices, s, indices, strides, shape);
  s.cudnn->run(p, operands, static_cast<std::byte*>(workspace.data) + indices_bytes(p), s.queue);
}

}  // namespace

bool cudnn_takes(const Stream& s, DType dtype, int64_t head_size, const Dropout& dropout) {
  return s.cudnn && (dtype == DType::kBF16 || dtype == DType::kF16) &&
         head_size % kAlignElements == 0 && head_size <= kMaxHeadSize && dropout.probability == 0;
}

size_t cudnn_attention_workspace(Stream s, bool backward, Columns q, Columns k, Columns v,
                                 const AttentionShape& shape, int64_t longest) {
  const CudnnProblem p = problem_of(backward, q, k, v, shape, longest);
  return indices_bytes(p) + s.cudnn->workspace_bytes(p);
}

void cudnn_attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor workspace, Columns q,
                             Columns k, Columns v, const AttentionShape& shape, int64_t longest) {
  check_inputs(s, out, log_sum_exp, q, k, v, shape, longest);
  observe(s.observer, "cudnn_attention_forward", out, log_sum_exp, workspace, q, k, v, shape,
          longest);
  const ProfileScope scope(s, "cudnn_attention_forward");
  const CudnnProblem p = problem_of(false, q, k, v, shape, longest);
  const CudnnIndices indices = indices_in(workspace, p);
  run(s, p, indices, common_operands(indices, out, log_sum_exp, q, k, v), workspace, shape);
}

void cudnn_attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor out,
                              Columns q, Columns k, Columns v, Tensor log_sum_exp, Tensor workspace,
                              const AttentionShape& shape, int64_t longest) {
  check_inputs(s, out, log_sum_exp, q, k, v, shape, longest);
  check_operand("cudnn_attention", "dout", dout, out.shape, out.dtype);
  ALBERT_CHECK(dq.matrix.shape == q.matrix.shape && dk.matrix.shape == k.matrix.shape &&
                   dv.matrix.shape == v.matrix.shape,
               "cudnn_attention: dq ", dq.matrix.shape, " dk ", dk.matrix.shape, " dv ",
               dv.matrix.shape);
  observe(s.observer, "cudnn_attention_backward", dq, dk, dv, dout, out, q, k, v, log_sum_exp,
          workspace, shape, longest);
  const ProfileScope scope(s, "cudnn_attention_backward");
  const CudnnProblem p = problem_of(true, q, k, v, shape, longest);
  const CudnnIndices indices = indices_in(workspace, p);
  CudnnOperands operands = common_operands(indices, out, log_sum_exp, q, k, v);
  operands[CudnnTensor::kDOut] = dout.data;
  operands[CudnnTensor::kDQ] = first_of(dq);
  operands[CudnnTensor::kDK] = first_of(dk);
  operands[CudnnTensor::kDV] = first_of(dv);
  run(s, p, indices, operands, workspace, shape);
}

}  // namespace albert::kernels
