#include "albert/engine/ops/pairs.h"

#include "albert/kernels/activation.h"
#include "albert/kernels/row_ops.h"

namespace albert::ops {
namespace {

// A tensor seen as rows of `cols` elements.
Tensor as_rows(Tensor x, int64_t cols) { return x.reshaped({x.shape.size() / cols, cols}); }

}  // namespace

Var linear_rows(Tape& t, Var x, const Parameter& weight, HostView host_rows) {
  const int64_t cols = x.shape()[1];
  const Tensor rows = t.on_device(host_rows);
  const Shape shape{rows.shape[0], cols};
  const Tensor part = t.save(shape, x.dtype());
  kernels::gather_rows(t.stream(), part, as_rows(weight.compute, cols), rows);
  Var y = t.output({x.shape()[0], shape[0]}, x.dtype());
  kernels::linear_forward(t.stream(), y.value(), x.value(), part, {}, {},
                          kernels::Activation::kIdentity);
  t.on_backward(y, [=, &weight](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    const Arena::Mark mark(tape.arena());
    if (dx.mode != Grad::kIgnore)
      kernels::matmul(tape.stream(), dx.tensor, dy, part, {.accumulate = dx.mode == Grad::kAdd});
    const Tensor dpart = tape.save(shape, weight.grad.dtype);
    kernels::matmul(tape.stream(), dpart, dy, x.value(), {.transpose_a = true});
    kernels::scatter_rows(tape.stream(), as_rows(weight.grad, cols), Grad::kAdd, dpart, rows);
  });
  return y;
}

Var add_rows_activation(Tape& t, Var x, Var added, HostView host_index, const Parameter& bias,
                        kernels::Activation activation) {
  const Tensor index = t.on_device(host_index);
  const Tensor sum = t.save(x.shape(), x.dtype());
  kernels::gather_rows(t.stream(), sum, added.value(), index);
  kernels::accumulate(t.stream(), sum, Grad::kAdd, x.value());
  Var y = t.output(x.shape(), x.dtype());
  kernels::bias_activation_forward(t.stream(), y.value(), sum, bias.compute, activation);
  t.on_backward(y, [=, &bias](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x), dadded = tape.sink(added);
    const Arena::Mark mark(tape.arena());
    const Tensor dsum = tape.save(x.shape(), x.dtype());
    kernels::bias_activation_backward(tape.stream(), dsum, Grad::kAssign, bias.grad, dy, sum,
                                      bias.compute, activation);
    if (dx.mode != Grad::kIgnore) kernels::accumulate(tape.stream(), dx.tensor, dx.mode, dsum);
    if (dadded.mode == Grad::kIgnore) return;
    // Sums over many rows are not rounded to F on the way.
    const Tensor total = tape.save(added.shape(), accumulator(x.dtype()));
    kernels::scatter_rows(tape.stream(), total, Grad::kAssign, widen(tape, dsum), index);
    kernels::accumulate(tape.stream(), dadded.tensor, dadded.mode, total);
  });
  return y;
}

}  // namespace albert::ops
