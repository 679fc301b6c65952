#include "albert/engine/ops/dropout.h"
#include "albert/kernels/layer_norm.h"

namespace albert::ops {

kernels::Dropout on_device(Tape& t, const Dropout& d) {
  if (d.probability == 0) return {};
  return {d.probability,
          d.seed,
          d.step,
          d.site,
          t.on_device(d.row_ids),
          t.on_device({static_cast<int64_t>(d.seed), static_cast<int64_t>(d.step)})};
}

Var layer_norm(Tape& t, Var x, const Var* residual, const LayerNorm& norm,
               const Dropout& host_dropout, const Placement& at) {
  const kernels::Dropout dropout = on_device(t, host_dropout);
  const Shape rows{x.shape()[0]};
  Var y = t.output(x.shape(), x.dtype(), at);
  const Tensor mean = t.save(rows, accumulator(x.dtype())),
               rstd = t.save(rows, accumulator(x.dtype()));
  const Var skip = residual ? *residual : t.constant({});
  const auto &gamma = norm.gamma, &beta = norm.beta;
  kernels::layer_norm_forward(t.stream(), y.value(), mean, rstd, x.value(), skip.value(),
                              gamma.compute, beta.compute, norm.eps, dropout);
  t.on_backward(y, [=, &gamma, &beta](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x), dskip = tape.sink(skip);
    kernels::layer_norm_backward(tape.stream(), dx.tensor, dx.mode, dskip.tensor, dskip.mode,
                                 gamma.grad, beta.grad, dy, x.value(), skip.value(), mean, rstd,
                                 gamma.compute, dropout);
  });
  return y;
}

Var dropout(Tape& t, Var x, const Dropout& host_dropout) {
  if (host_dropout.probability == 0) return x;
  const kernels::Dropout dropout = on_device(t, host_dropout);
  Var y = t.output(x.shape(), x.dtype());
  kernels::dropout_forward(t.stream(), y.value(), x.value(), dropout);
  t.on_backward(y, [=](Tape& tape, Tensor dy) {
    const auto dx = tape.sink(x);
    if (dx.mode != Grad::kIgnore)
      kernels::dropout_backward(tape.stream(), dx.tensor, dx.mode, dy, dropout);
  });
  return y;
}

}  // namespace albert::ops
