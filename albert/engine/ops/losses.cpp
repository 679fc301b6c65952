#include "albert/engine/ops/ops.h"
#include "albert/kernels/elementwise_loss.h"
#include "albert/kernels/pair_divergence.h"

namespace albert::ops {

Var cross_entropy(Tape& t, Var logits, HostView host_labels, const CrossEntropy& o, Tensor best) {
  const Tensor labels = t.on_device(host_labels);
  const kernels::CrossEntropy options{t.on_device(o.class_weights), o.label_smoothing, o.scale,
                                      t.on_device({o.scale})};
  const DType sums = accumulator(logits.dtype());
  const Shape rows{logits.shape()[0]};
  Var loss = t.output({1}, sums);
  const Tensor row_loss = t.save(rows, sums), log_sum_exp = t.save(rows, sums);
  kernels::cross_entropy_forward(t.stream(), loss.value(), row_loss, log_sum_exp, best,
                                 logits.value(), labels, options);
  t.on_backward(loss, [=](Tape& tape, Tensor dloss) {
    const auto dlogits = tape.sink(logits);
    kernels::cross_entropy_backward(tape.stream(), dlogits.tensor, dlogits.mode, dloss,
                                    logits.value(), log_sum_exp, labels, options);
  });
  return loss;
}

Var span_cross_entropy(Tape& t, Var logits, HostView host_cu_seqlens, HostView host_positions,
                       HostView host_scale) {
  const Tensor cu_seqlens = t.on_device(host_cu_seqlens), positions = t.on_device(host_positions),
               scale = t.on_device(host_scale);
  const DType sums = accumulator(logits.dtype());
  Var loss = t.output({1}, sums);
  const Tensor log_sum_exp = t.save(positions.shape, sums);
  kernels::span_cross_entropy_forward(t.stream(), loss.value(), log_sum_exp, logits.value(),
                                      cu_seqlens, positions, scale);
  t.on_backward(loss, [=](Tape& tape, Tensor dloss) {
    const auto dlogits = tape.sink(logits);
    kernels::span_cross_entropy_backward(tape.stream(), dlogits.tensor, dlogits.mode, dloss,
                                         logits.value(), log_sum_exp, cu_seqlens, positions, scale);
  });
  return loss;
}

Var binary_cross_entropy(Tape& t, Var logits, HostView host_targets, HostView host_weights,
                         double scale) {
  const Tensor targets = t.on_device(host_targets), class_weights = t.on_device(host_weights);
  const DType sums = accumulator(logits.dtype());
  Var loss = t.output({1}, sums);
  const Tensor row_loss = t.save({logits.shape()[0]}, sums);
  kernels::binary_cross_entropy_forward(t.stream(), loss.value(), row_loss, logits.value(), targets,
                                        class_weights, scale);
  t.on_backward(loss, [=](Tape& tape, Tensor dloss) {
    const auto dlogits = tape.sink(logits);
    kernels::binary_cross_entropy_backward(tape.stream(), dlogits.tensor, dlogits.mode, dloss,
                                           logits.value(), targets, class_weights, scale);
  });
  return loss;
}

Var mean_squared_error(Tape& t, Var x, HostView host_targets, double scale) {
  const Tensor targets = t.on_device(host_targets);
  const DType sums = accumulator(x.dtype());
  Var loss = t.output({1}, sums);
  const Tensor row_loss = t.save({x.shape()[0]}, sums);
  kernels::mean_squared_error_forward(t.stream(), loss.value(), row_loss, x.value(), targets,
                                      scale);
  t.on_backward(loss, [=](Tape& tape, Tensor dloss) {
    const auto dx = tape.sink(x);
    kernels::mean_squared_error_backward(tape.stream(), dx.tensor, dx.mode, dloss, x.value(),
                                         targets, scale);
  });
  return loss;
}

Var pair_divergence(Tape& t, Var logits, const Pairs& pairs) {
  const Tensor cu_seqlens = t.on_device(pairs.cu_seqlens), partners = t.on_device(pairs.partners),
               weights = t.on_device(pairs.weights), scale = t.on_device(pairs.scale);
  Var loss = t.output({1}, accumulator(logits.dtype()));
  const Tensor log_sum_exp = t.save(weights.shape, DType::kF64),
               divergence = t.save(weights.shape, DType::kF64);
  const int64_t cols = weights.shape[1];
  const auto columns = [cols](Tensor x) { return x.reshaped({x.shape.size() / cols, cols}); };
  kernels::pair_divergence_forward(t.stream(), loss.value(), log_sum_exp, divergence,
                                   columns(logits.value()), cu_seqlens, partners, weights, scale);
  t.on_backward(loss, [=](Tape& tape, Tensor dloss) {
    const auto dlogits = tape.sink(logits);
    if (dlogits.mode == Grad::kIgnore) return;
    kernels::pair_divergence_backward(tape.stream(), columns(dlogits.tensor), dlogits.mode, dloss,
                                      columns(logits.value()), log_sum_exp, divergence, cu_seqlens,
                                      partners, weights, scale);
  });
  return loss;
}

}  // namespace albert::ops
