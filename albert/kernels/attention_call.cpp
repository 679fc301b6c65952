#include "albert/kernels/attention_call.h"

#include "albert/kernels/cuda/cudnn/attention.h"

namespace albert::kernels {
namespace {

// Batches of about the same lengths shall find the same graph.
int64_t bucketed_max_seqlen(const AttentionCall& call) {
  constexpr int64_t kStep = 64;
  return (call.max_seqlen + kStep - 1) / kStep * kStep;
}

// cuDNN's backward with a fixed order of sums writes down longest x longest scores for every
// sequence and head, and reads them again. A batch of one long and many short sequences would need
// gigabytes of that; our own kernels need none.
constexpr size_t kMostCudnnWorkspace = size_t{1} << 30;

// cuDNN is not given a pruned layer, whose sequences may have no query: it does not promise to
// clear dk and dv of such a sequence.
bool by_cudnn(const Stream& s, const AttentionCall& call) {
  const bool pruned = call.shape.cu_seqlens_q.data != call.shape.cu_seqlens_k.data;
  return !pruned && !call.probabilities && call.q.matrix.shape[0] > 0 &&
         cudnn_takes(s, call.q.matrix.dtype, call.shape.head_size, call.dropout) &&
         cudnn_attention_workspace(s, call.backward, call.q, call.k, call.v, call.shape,
                                   bucketed_max_seqlen(call)) <= kMostCudnnWorkspace;
}

// The scratch of our own backward: a number per query and head.
Tensor own_delta(Tensor workspace, Tensor statistics) {
  ALBERT_CHECK(workspace.bytes() >= statistics.bytes(), "attention: a workspace of ",
               workspace.bytes(), " bytes, wanted ", statistics.bytes());
  return {workspace.data, statistics.shape, statistics.dtype};
}

}  // namespace

AttentionStatistics attention_statistics(const Stream& s, const AttentionCall& call) {
  const int64_t rows = call.q.matrix.shape[0], heads = call.shape.heads;
  if (by_cudnn(s, call)) return {{rows, heads}, DType::kF32};
  return {{heads, rows}, accumulator(call.q.matrix.dtype)};
}

size_t attention_workspace(const Stream& s, const AttentionCall& call, bool backward) {
  if (by_cudnn(s, call))
    return cudnn_attention_workspace(s, backward, call.q, call.k, call.v, call.shape,
                                     bucketed_max_seqlen(call));
  const AttentionStatistics delta = attention_statistics(s, call);
  return backward ? Tensor{nullptr, delta.shape, delta.dtype}.bytes() : 0;
}

void attention_forward(const Stream& s, Tensor out, Tensor statistics, Tensor workspace,
                       const AttentionCall& call) {
  if (by_cudnn(s, call))
    return cudnn_attention_forward(s, out, statistics, workspace, call.q, call.k, call.v,
                                   call.shape, bucketed_max_seqlen(call));
  attention_forward(s, out, statistics, call.probabilities, call.q, call.k, call.v, call.shape,
                    call.dropout);
}

void attention_backward(const Stream& s, Columns dq, Columns dk, Columns dv, Tensor dout,
                        Tensor out, Tensor statistics, Tensor workspace,
                        const AttentionCall& call) {
  if (by_cudnn(s, call))
    return cudnn_attention_backward(s, dq, dk, dv, dout, out, call.q, call.k, call.v, statistics,
                                    workspace, call.shape, bucketed_max_seqlen(call));
  attention_backward(s, dq, dk, dv, dout, call.q, call.k, call.v, statistics,
                     own_delta(workspace, statistics), call.shape, call.dropout);
}

}  // namespace albert::kernels
