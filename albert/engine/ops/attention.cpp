#include "albert/kernels/attention.h"

#include <algorithm>

#include "albert/engine/ops/ops.h"
#include "albert/kernels/cuda/cudnn/attention.h"

namespace albert::ops {
namespace {

using kernels::AttentionShape;
using kernels::Columns;
using kernels::Dropout;

// Of an array of the host, rounded up so that batches of about the same lengths find the same
// graph.
int64_t longest_sequence(Tensor cu_seqlens) {
  constexpr int64_t kStep = 64;
  const auto* at = cu_seqlens.as<int32_t>();
  int64_t longest = 1;
  for (int64_t b = 0; b + 1 < cu_seqlens.shape[0]; ++b)
    longest = std::max<int64_t>(longest, at[b + 1] - at[b]);
  return (longest + kStep - 1) / kStep * kStep;
}

AttentionShape on_device(Tape& t, AttentionShape shape) {
  shape.cu_seqlens_q = t.on_device(shape.cu_seqlens_q);
  shape.cu_seqlens_k = t.on_device(shape.cu_seqlens_k);
  shape.positions_q = t.on_device(shape.positions_q);
  return shape;
}

// Both halves of the key_value projection.
struct KeyValue {
  KeyValue(Tensor t, const AttentionShape& shape) : k{t, 0}, v{t, shape.heads * shape.head_size} {}
  Columns k, v;
};

Var own_attention(Tape& t, Var q, Var key_value, const AttentionShape& shape, Tensor probabilities,
                  const Dropout& dropout, const Placement& at) {
  Var y = t.output(q.shape(), q.dtype(), at);
  const Tensor log_sum_exp = t.save({shape.heads, q.shape()[0]}, accumulator(q.dtype()));
  const KeyValue kv(key_value.value(), shape);
  kernels::attention_forward(t.stream(), y.value(), log_sum_exp, probabilities, {q.value(), 0},
                             kv.k, kv.v, shape, dropout);
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dq = tape.sink(q), dkv = tape.sink(key_value);
    const Arena::Mark mark(tape.arena());
    const Tensor delta = tape.save(log_sum_exp.shape, log_sum_exp.dtype);
    ALBERT_CHECK(dq.mode == Grad::kAssign && dkv.mode == Grad::kAssign,
                 "attention owns its q, k and v");
    const KeyValue to(dkv.tensor, shape);
    kernels::attention_backward(tape.stream(), {dq.tensor, 0}, to.k, to.v, dy, {q.value(), 0}, kv.k,
                                kv.v, log_sum_exp, delta, shape, dropout);
  });
  return y;
}

Tensor cudnn_workspace(Tape& t, bool backward, const Columns& q, const KeyValue& kv,
                       const AttentionShape& shape, int64_t longest) {
  const size_t bytes =
      kernels::cudnn_attention_workspace(t.stream(), backward, q, kv.k, kv.v, shape, longest);
  return t.save({static_cast<int64_t>(bytes)}, DType::kU8);
}

Var cudnn_attention(Tape& t, Var q, Var key_value, const AttentionShape& shape, int64_t longest,
                    const Placement& at) {
  Var y = t.output(q.shape(), q.dtype(), at);
  const Tensor log_sum_exp = t.save({q.shape()[0], shape.heads}, DType::kF32);
  const KeyValue kv(key_value.value(), shape);
  const Columns queries{q.value(), 0};
  {
    const Arena::Mark mark(t.arena());
    const Tensor workspace = cudnn_workspace(t, false, queries, kv, shape, longest);
    kernels::cudnn_attention_forward(t.stream(), y.value(), log_sum_exp, workspace, queries, kv.k,
                                     kv.v, shape, longest);
  }
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dq = tape.sink(q), dkv = tape.sink(key_value);
    const Arena::Mark mark(tape.arena());
    ALBERT_CHECK(dq.mode == Grad::kAssign && dkv.mode == Grad::kAssign,
                 "attention owns its q, k and v");
    const KeyValue to(dkv.tensor, shape);
    const Tensor workspace = cudnn_workspace(tape, true, queries, kv, shape, longest);
    kernels::cudnn_attention_backward(tape.stream(), {dq.tensor, 0}, to.k, to.v, dy, y.value(),
                                      queries, kv.k, kv.v, log_sum_exp, workspace, shape, longest);
  });
  return y;
}

}  // namespace

Var attention(Tape& t, Var q, Var key_value, kernels::AttentionShape shape, Tensor probabilities,
              kernels::Dropout dropout, const Placement& at) {
  // Not a pruned layer, which may have sequences without a query: whether cuDNN clears their dk and
  // dv is not promised.
  const bool pruned = shape.cu_seqlens_q.data != shape.cu_seqlens_k.data;
  if (!pruned && !probabilities &&
      kernels::cudnn_takes(t.stream(), q.dtype(), shape.head_size, dropout)) {
    const int64_t longest = longest_sequence(shape.cu_seqlens_q);
    return cudnn_attention(t, q, key_value, on_device(t, shape), longest, at);
  }
  dropout = on_device(t, dropout);
  return own_attention(t, q, key_value, on_device(t, shape), probabilities, dropout, at);
}

}  // namespace albert::ops
