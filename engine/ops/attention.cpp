#include "kernels/attention.h"

#include "engine/ops/ops.h"

namespace albert::ops {

Var attention(Tape& t, Var q, Var key_value, kernels::AttentionShape shape, Tensor probabilities,
              kernels::Dropout dropout) {
  using kernels::Columns;
  shape.cu_seqlens_q = t.on_device(shape.cu_seqlens_q);
  shape.cu_seqlens_k = t.on_device(shape.cu_seqlens_k);
  shape.positions_q = t.on_device(shape.positions_q);
  dropout = on_device(t, dropout);
  const int64_t hidden = shape.heads * shape.head_size;
  Var y = t.output(q.shape(), q.dtype());
  const Tensor log_sum_exp = t.save({shape.heads, q.shape()[0]}, accumulator(q.dtype()));
  kernels::attention_forward(t.stream(), y.value(), log_sum_exp, probabilities, Columns{q.value(), 0},
                             Columns{key_value.value(), 0}, Columns{key_value.value(), hidden}, shape, dropout);
  t.record(y, [=](Tape& tape, Tensor dy) {
    const auto dq = tape.sink(q), dkv = tape.sink(key_value);
    const Arena::Mark mark(tape.arena());
    const Tensor delta = tape.save(log_sum_exp.shape, log_sum_exp.dtype);
    ALBERT_CHECK(dq.mode == Grad::kAssign && dkv.mode == Grad::kAssign, "attention owns its q, k and v");
    kernels::attention_backward(tape.stream(), {dq.tensor, 0}, {dkv.tensor, 0}, {dkv.tensor, hidden}, dy,
                                {q.value(), 0}, {key_value.value(), 0}, {key_value.value(), hidden}, log_sum_exp, delta,
                                shape, dropout);
  });
  return y;
}

}  // namespace albert::ops
