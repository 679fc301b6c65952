#include "albert/engine/ops/pooling.h"

#include "albert/kernels/row_ops.h"
#include "albert/kernels/softmax_pool.h"

namespace albert::ops {

Var softmax_pool(Tape& t, Var x, Var logits, HostView host_cu_seqlens) {
  const Tensor cu_seqlens = t.on_device(host_cu_seqlens);
  const Tensor p = t.save({x.shape()[0]}, accumulator(x.dtype()));
  Var y = t.output({cu_seqlens.shape[0] - 1, x.shape()[1]}, x.dtype());
  kernels::softmax_pool_forward(t.stream(), y.value(), p, x.value(), logits.value(), cu_seqlens);
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x), dlogits = tape.sink(logits);
    const Arena::Mark mark(tape.arena());
    kernels::softmax_pool_backward(tape.stream(), dx.tensor, dx.mode, dlogits.tensor, dlogits.mode,
                                   tape.save(p.shape, p.dtype), dy, x.value(), p, cu_seqlens);
  });
  return y;
}

Tensor top_rows(Tape& t, Tensor logits, HostView host_cu_seqlens, int64_t count) {
  const Tensor cu_seqlens = t.on_device(host_cu_seqlens);
  const Tensor index = t.save({count, cu_seqlens.shape[0] - 1}, DType::kI32);
  kernels::top_rows(t.stream(), index, logits, cu_seqlens);
  return index;
}

Tensor rows_at(Tape& t, Tensor x, Tensor index) {
  const Tensor y = t.save({index.shape[0], x.shape[1]}, x.dtype);
  kernels::gather_rows(t.stream(), y, x, index);
  return y;
}

}  // namespace albert::ops
