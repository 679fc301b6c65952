#include <algorithm>

#include "albert/engine/ops/dropout.h"
#include "albert/kernels/attention_call.h"

namespace albert::ops {
namespace {

using kernels::AttentionCall;

int64_t longest_sequence(HostView cu_seqlens) {
  const auto* at = cu_seqlens.as<int32_t>();
  int64_t longest = 1;
  for (int64_t b = 0; b + 1 < cu_seqlens.shape[0]; ++b)
    longest = std::max<int64_t>(longest, at[b + 1] - at[b]);
  return longest;
}

// Lengths are rounded up to few sizes, because a step that was captured is one of the same shapes.
int64_t rounded_length(int64_t length) {
  int64_t rounded = 128;  // kernels ask whether it is more
  while (rounded < length) rounded *= 2;
  return rounded;
}

AttentionCall call_of(Tape& t, Var q, Var key_value, const AttentionShape& host_shape,
                      Tensor probabilities, const Dropout& dropout) {
  const kernels::AttentionShape shape{
      host_shape.heads,
      host_shape.head_size,
      t.on_device(host_shape.cu_seqlens_q),
      t.on_device(host_shape.cu_seqlens_k),
      t.on_device(host_shape.positions_q),
      rounded_length(std::max(longest_sequence(host_shape.cu_seqlens_q),
                              longest_sequence(host_shape.cu_seqlens_k)))};
  const int64_t longest = longest_sequence(host_shape.cu_seqlens_q);
  const int64_t width = shape.heads * shape.head_size;
  const Tensor kv = key_value.value();  // the keys, then the values
  return {{q.value(), 0}, {kv, 0},      {kv, width},   shape,
          longest,        t.training(), probabilities, on_device(t, dropout)};
}

Tensor workspace_of(Tape& t, const AttentionCall& call, bool backward) {
  const size_t bytes = kernels::attention_workspace(t.stream(), call, backward);
  return bytes == 0 ? Tensor{} : t.save({static_cast<int64_t>(bytes)}, DType::kU8);
}

}  // namespace

Var attention(Tape& t, Var q, Var key_value, const AttentionShape& shape, Tensor probabilities,
              const Dropout& dropout, const Placement& at) {
  const AttentionCall call = call_of(t, q, key_value, shape, probabilities, dropout);
  Var y = t.output(q.shape(), q.dtype(), at);
  const auto kept = kernels::attention_statistics(t.stream(), call);
  const Tensor statistics = t.save(kept.shape, kept.dtype);
  {
    const Arena::Mark mark(t.arena());
    kernels::attention_forward(t.stream(), y.value(), statistics, workspace_of(t, call, false),
                               call);
  }
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dq = tape.sink(q), dkv = tape.sink(key_value);
    const Arena::Mark mark(tape.arena());
    ALBERT_CHECK(dq.mode == Grad::kAssign && dkv.mode == Grad::kAssign,
                 "attention owns its q, k and v");
    kernels::attention_backward(tape.stream(), {dq.tensor, 0}, {dkv.tensor, 0},
                                {dkv.tensor, call.v.begin}, dy, y.value(), statistics,
                                workspace_of(tape, call, true), call);
  });
  return y;
}

}  // namespace albert::ops
