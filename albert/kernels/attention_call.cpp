#include "albert/kernels/attention_call.h"

#include <cstddef>

#include "albert/kernels/blocks.h"
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

// What our own kernels keep: the log-sum-exps, and behind them the error of `out`.
struct OwnStatistics {
  Tensor log_sum_exp, out_error;  // out_error may be empty
  int64_t bytes;
};
OwnStatistics own_statistics(const Stream& s, const AttentionCall& call, void* data) {
  const int64_t rows = call.q.matrix.shape[0], heads = call.shape.heads;
  const DType dtype = call.q.matrix.dtype;
  const Tensor log_sum_exp{data, {heads, rows}, accumulator(dtype)};
  const auto bytes = static_cast<int64_t>(log_sum_exp.bytes());
  if (!call.backward || !keeps_out_error(s, dtype, call.shape.head_size))
    return {log_sum_exp, {}, bytes};
  constexpr int64_t kAlignment = 16;
  const int64_t before = blocks_of(bytes, kAlignment) * kAlignment;
  const Tensor out_error{
      static_cast<std::byte*>(data) + before, {rows, heads * call.shape.head_size}, DType::kBF16};
  return {log_sum_exp, out_error, before + static_cast<int64_t>(out_error.bytes())};
}

}  // namespace

AttentionStatistics attention_statistics(const Stream& s, const AttentionCall& call) {
  if (by_cudnn(s, call)) return {{call.q.matrix.shape[0], call.shape.heads}, DType::kF32};
  return {{own_statistics(s, call, nullptr).bytes}, DType::kU8};
}

size_t attention_workspace(const Stream& s, const AttentionCall& call, bool backward) {
  if (by_cudnn(s, call))
    return cudnn_attention_workspace(s, backward, call.q, call.k, call.v, call.shape,
                                     bucketed_max_seqlen(call));
  if (!backward) return 0;
  return attention_backward_workspace(s, call.q.matrix.dtype, call.q.matrix.shape[0],
                                      call.k.matrix.shape[0], call.shape);
}

void attention_forward(const Stream& s, Tensor out, Tensor statistics, Tensor workspace,
                       const AttentionCall& call) {
  if (by_cudnn(s, call))
    return cudnn_attention_forward(s, out, statistics, workspace, call.q, call.k, call.v,
                                   call.shape, bucketed_max_seqlen(call));
  const OwnStatistics own = own_statistics(s, call, statistics.data);
  attention_forward(s, out, own.out_error, own.log_sum_exp, call.probabilities, call.q, call.k,
                    call.v, call.shape, call.dropout);
}

void attention_backward(const Stream& s, Columns dq, Columns dk, Columns dv, Tensor dout,
                        Tensor out, Tensor statistics, Tensor workspace,
                        const AttentionCall& call) {
  if (by_cudnn(s, call))
    return cudnn_attention_backward(s, dq, dk, dv, dout, out, call.q, call.k, call.v, statistics,
                                    workspace, call.shape, bucketed_max_seqlen(call));
  const OwnStatistics own = own_statistics(s, call, statistics.data);
  attention_backward(s, dq, dk, dv, dout, out, own.out_error, call.q, call.k, call.v,
                     own.log_sum_exp, workspace, call.shape, call.dropout);
}

}  // namespace albert::kernels
