#include "engine/ops/ops.h"
#include "kernels/activation.h"
#include "kernels/rows.h"

namespace albert::ops {
namespace {

using kernels::Activation;

Shape output_shape(const Var& x, const Linear& layer) { return {x.shape()[0], layer.weight.shape[0]}; }

void linear_backward(Tape& t, Tape::Sink dx, Var x, const Parameter& weight, Tensor dy) {
  if (dx.mode != Grad::kIgnore)
    kernels::matmul(t.stream(), dx.tensor, dy, weight.compute, {.accumulate = dx.mode == Grad::kAdd});
  kernels::matmul(t.stream(), weight.grad, dy, x.value(), {.transpose_a = true, .accumulate = true});
}

}  // namespace

Var linear(Tape& t, Var x, const Linear& layer) {
  Var y = t.output(output_shape(x, layer), x.dtype());
  const auto &weight = layer.weight, &bias = layer.bias;
  kernels::linear_forward(t.stream(), y.value(), x.value(), weight.compute, weight.packed, bias.compute,
                          Activation::kIdentity);
  t.record(y, [x, &weight, &bias](Tape& tape, Tensor dy) {
    kernels::sum_rows(tape.stream(), bias.grad, dy);
    linear_backward(tape, tape.sink(x), x, weight, dy);
  });
  return y;
}

Var linear_activation(Tape& t, Var x, const Linear& layer, Activation activation) {
  const auto &weight = layer.weight, &bias = layer.bias;
  const Shape shape = output_shape(x, layer);
  Var y = t.output(shape, x.dtype());
  if (!t.training()) {
    kernels::linear_forward(t.stream(), y.value(), x.value(), weight.compute, weight.packed, bias.compute, activation);
    return y;
  }
  const Tensor product = t.save(shape, x.dtype());
  kernels::linear_forward(t.stream(), product, x.value(), weight.compute, weight.packed, {}, Activation::kIdentity);
  kernels::bias_activation_forward(t.stream(), y.value(), product, bias.compute, activation);
  t.record(y, [=, &weight, &bias](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);  // before the mark: it outlives this step
    const Arena::Mark mark(tape.arena());
    const Tensor dproduct = tape.save(shape, x.dtype());
    kernels::bias_activation_backward(tape.stream(), dproduct, Grad::kAssign, bias.grad, dy, product, bias.compute,
                                      activation);
    linear_backward(tape, dx, x, weight, dproduct);
  });
  return y;
}

}  // namespace albert::ops
