#include "albert/kernels/row_ops.h"

#include <algorithm>

#include "albert/engine/ops/ops.h"
#include "albert/engine/packed_batch.h"
#include "albert/kernels/unpack_rows.h"

namespace albert::ops {

Var gather_rows(Tape& t, Var x, HostView host_index) {
  const auto* rows = host_index.as<int32_t>();
  ALBERT_CHECK(std::is_sorted(rows, rows + host_index.shape.size()), "rows are not ascending");
  const Tensor index = t.on_device(host_index);
  Var y = t.output({index.shape[0], x.shape()[1]}, x.dtype());
  kernels::gather_rows(t.stream(), y.value(), x.value(), index);
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    if (dx.mode != Grad::kIgnore)
      kernels::scatter_rows(tape.stream(), dx.tensor, dx.mode, dy, index);
  });
  return y;
}

Var copy(Tape& t, Var x, const Placement& at) {
  Var y = t.output(x.shape(), x.dtype(), at);
  kernels::cast(t.stream(), y.value(), x.value());
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    if (dx.mode != Grad::kIgnore) kernels::accumulate(tape.stream(), dx.tensor, dx.mode, dy);
  });
  return y;
}

Tensor widen(Tape& t, Tensor x) {
  const DType wide = accumulator(x.dtype);
  if (x.dtype == wide) return x;
  const Tensor y = t.save(x.shape, wide);
  kernels::cast(t.stream(), y, x);
  return y;
}

Tensor unpack_rows(Tape& t, Tensor rows, const PackedBatch& batch) {
  const int64_t sequences = batch.batch_size(), length = batch.padded_length(),
                cols = rows.shape[1];
  Tensor y;
  if (const HostView places = batch.rows_of_places()) {
    y = t.save({places.shape[0], cols}, accumulator(rows.dtype));
    kernels::unpack_rows(t.stream(), y, rows, t.on_device(places));
  } else {
    y = widen(t, rows);
  }
  return y.rows(0, sequences * length).reshaped({sequences, length, cols});
}

Var reshape(Tape& t, Var x, Shape shape) {
  Var y = t.alias(x.value().reshaped(shape));
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    if (dx.mode != Grad::kIgnore)
      kernels::accumulate(tape.stream(), dx.tensor, dx.mode, dy.reshaped(x.shape()));
  });
  return y;
}

}  // namespace albert::ops
