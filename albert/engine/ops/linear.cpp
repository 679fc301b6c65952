#include "albert/engine/ops/ops.h"
#include "albert/kernels/activation.h"
#include "albert/kernels/linear_int8.h"
#include "albert/kernels/row_ops.h"

namespace albert::ops {
namespace {

using kernels::Activation;

Shape output_shape(const Var& x, const Linear& layer) {
  return {x.shape()[0], layer.weight.shape[0]};
}

void forward(Tape& t, Var y, Var x, const Linear& layer, Activation activation) {
  const Parameter& weight = layer.weight;
  if (weight.int8)
    return kernels::linear_int8(t.stream(), y.value(), x.value(), weight.int8, layer.bias.compute,
                                activation);
  kernels::linear_forward(t.stream(), y.value(), x.value(), weight.compute, weight.packed,
                          layer.bias.compute, activation);
}

void add_input_gradient(Tape& t, Tape::Sink dx, const Parameter& weight, Tensor dy) {
  if (dx.mode != Grad::kIgnore)
    kernels::matmul(t.stream(), dx.tensor, dy, weight.compute,
                    {.accumulate = dx.mode == Grad::kAdd});
}

}  // namespace

void add_weight_gradient(Tape& t, const Parameter& weight, Tensor dy, Tensor x) {
  kernels::matmul(t.stream(), weight.grad, dy, x, {.transpose_a = true, .accumulate = true});
}

void add_linear_gradients(Tape& t, const Linear& layer, Tensor dy, Tensor x) {
  kernels::sum_rows(t.stream(), layer.bias.grad, dy);
  add_weight_gradient(t, layer.weight, dy, x);
}

Var linear(Tape& t, Var x, const Linear& layer, const Placement& at) {
  Var y = t.output(output_shape(x, layer), x.dtype(), at);
  forward(t, y, x, layer, Activation::kIdentity);
  t.on_backward(y, [x, layer](Tape& tape, Tensor dy) {
    add_input_gradient(tape, tape.sink(x), layer.weight, dy);
    if (layer.adds_gradients) add_linear_gradients(tape, layer, dy, x.value());
  });
  return y;
}

Var linear_activation(Tape& t, Var x, const Linear& layer, Activation activation) {
  const auto &weight = layer.weight, &bias = layer.bias;
  const Shape shape = output_shape(x, layer);
  Var y = t.output(shape, x.dtype());
  if (!t.training()) {
    forward(t, y, x, layer, activation);
    return y;
  }
  const Tensor kept = t.save(shape, x.dtype());
  kernels::linear_activation_forward(t.stream(), y.value(), kept, x.value(), weight.compute,
                                     weight.packed, bias.compute, activation);
  t.on_backward(y, [=, &weight, &bias](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);  // before the mark: it outlives this step
    const Arena::Mark mark(tape.arena());
    const Tensor dkept = tape.save(shape, x.dtype());
    kernels::bias_activation_backward(tape.stream(), dkept, Grad::kAssign, bias.grad, dy, kept, {},
                                      activation);
    add_input_gradient(tape, dx, weight, dkept);
    add_weight_gradient(tape, weight, dkept, x.value());
  });
  return y;
}

Var feed_forward(Tape& t, Var x, const Linear& inner, const Linear& outer, Activation activation,
                 const Placement& wide, const Placement& at) {
  if (!t.training()) return linear(t, linear_activation(t, x, inner, activation), outer, at);
  const Var middle = t.output(output_shape(x, inner), x.dtype(), wide);
  const Tensor kept = t.save(middle.shape(), x.dtype());
  Var y = t.output(output_shape(middle, outer), x.dtype(), at);
  const auto &w1 = inner.weight, &b1 = inner.bias, &w2 = outer.weight, &b2 = outer.bias;
  kernels::linear_activation_forward(t.stream(), middle.value(), kept, x.value(), w1.compute,
                                     w1.packed, b1.compute, activation);
  kernels::linear_forward(t.stream(), y.value(), middle.value(), w2.compute, w2.packed, b2.compute,
                          Activation::kIdentity);
  t.on_backward(y, [=, &b1](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    const Arena::Mark mark(tape.arena());
    const Tensor dkept = tape.sink(middle).tensor, scratch = tape.save(b1.shape, x.dtype());
    if (outer.adds_gradients) add_linear_gradients(tape, outer, dy, middle.value());
    kernels::linear_activation_backward(tape.stream(), dkept, b1.grad, scratch, dy,
                                        outer.weight.compute, kept, activation);
    add_input_gradient(tape, dx, inner.weight, dkept);
    if (inner.adds_gradients) add_weight_gradient(tape, inner.weight, dkept, x.value());
  });
  return y;
}

}  // namespace albert::ops
