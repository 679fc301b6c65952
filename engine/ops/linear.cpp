#include "engine/ops/ops.h"
#include "kernels/activation.h"
#include "kernels/rows.h"

namespace albert::ops {
namespace {

using kernels::Activation;

Shape output_shape(const Var& x, const Linear& layer) { return {x.shape()[0], layer.weight.shape[0]}; }

void add_weight_gradient(Tape& t, const Parameter& weight, Tensor dy, Tensor x) {
  kernels::matmul(t.stream(), weight.grad, dy, x, {.transpose_a = true, .accumulate = true});
}

void linear_backward(Tape& t, Tape::Sink dx, Var x, const Parameter& weight, Tensor dy) {
  if (dx.mode != Grad::kIgnore)
    kernels::matmul(t.stream(), dx.tensor, dy, weight.compute, {.accumulate = dx.mode == Grad::kAdd});
  add_weight_gradient(t, weight, dy, x.value());
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
  const Tensor kept = t.save(shape, x.dtype());
  kernels::linear_activation_forward(t.stream(), y.value(), kept, x.value(), weight.compute, weight.packed,
                                     bias.compute, activation);
  t.record(y, [=, &weight, &bias](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);  // before the mark: it outlives this step
    const Arena::Mark mark(tape.arena());
    const Tensor dkept = tape.save(shape, x.dtype());
    kernels::bias_activation_backward(tape.stream(), dkept, Grad::kAssign, bias.grad, dy, kept, {}, activation);
    linear_backward(tape, dx, x, weight, dkept);
  });
  return y;
}

Var feed_forward(Tape& t, Var x, const Linear& inner, const Linear& outer, Activation activation) {
  if (!t.training()) return linear(t, linear_activation(t, x, inner, activation), outer);
  const Shape wide_shape = output_shape(x, inner);
  Var y = t.output({x.shape()[0], outer.weight.shape[0]}, x.dtype());
  const Tensor wide = t.save(wide_shape, x.dtype()), kept = t.save(wide_shape, x.dtype());
  const auto &w1 = inner.weight, &b1 = inner.bias, &w2 = outer.weight, &b2 = outer.bias;
  kernels::linear_activation_forward(t.stream(), wide, kept, x.value(), w1.compute, w1.packed, b1.compute, activation);
  kernels::linear_forward(t.stream(), y.value(), wide, w2.compute, w2.packed, b2.compute, Activation::kIdentity);
  t.record(y, [=, &w1, &b1, &w2, &b2](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    const Arena::Mark mark(tape.arena());
    const Tensor dkept = tape.save(wide_shape, x.dtype()), scratch = tape.save(b1.shape, x.dtype());
    kernels::sum_rows(tape.stream(), b2.grad, dy);
    add_weight_gradient(tape, w2, dy, wide);
    kernels::linear_activation_backward(tape.stream(), dkept, b1.grad, scratch, dy, w2.compute, kept, activation);
    linear_backward(tape, dx, x, w1, dkept);
  });
  return y;
}

}  // namespace albert::ops
