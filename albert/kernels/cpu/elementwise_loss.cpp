#include <cmath>

#include "albert/kernels/cpu/types.h"
#include "albert/kernels/elementwise_loss.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// Sets loss to scale * the sum of term(x, y, c) over all rows and columns c.
template <class F, class Term>
void forward(const Stream& s, Tensor loss, Tensor row_loss, Tensor x, Tensor targets, double scale,
             const Term& term) {
  using A = Acc<F>;
  const int64_t rows = x.shape[0], cols = x.shape[1];
  A* sums = data<A>(row_loss);
  parallel_blocks(s, rows, rows_per_task(cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const F* from = data<const F>(x) + r * cols;
      const float* target = data<const float>(targets) + r * cols;
      double sum = 0;
      for (int64_t c = 0; c < cols; ++c)
        sum += static_cast<double>(term(load(from[c]), static_cast<A>(target[c]), c));
      sums[r] = static_cast<A>(sum);
    }
  });
  double total = 0;
  for (int64_t r = 0; r < rows; ++r) total += static_cast<double>(sums[r]);
  *data<A>(loss) = static_cast<A>(scale * total);
}

// Sets dx = dloss * scale * slope(x, y, c), or adds that to dx.
template <class F, class Slope>
void backward(const Stream& s, Tensor dx, Grad mode, Tensor dloss, Tensor x, Tensor targets,
              double scale, const Slope& slope) {
  using A = Acc<F>;
  const int64_t rows = x.shape[0], cols = x.shape[1];
  const A factor = static_cast<A>(static_cast<double>(*data<const A>(dloss)) * scale);
  parallel_blocks(s, rows, rows_per_task(cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      for (int64_t c = 0; c < cols; ++c) {
        const int64_t i = r * cols + c;
        const A y = static_cast<A>(data<const float>(targets)[i]);
        store(data<F>(dx)[i], factor * slope(load(data<const F>(x)[i]), y, c), mode);
      }
  });
}

template <class A>
A weight(const float* weights, int64_t c) {
  return weights ? static_cast<A>(weights[c]) : A(1);
}

}  // namespace

void binary_cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor logits,
                                  Tensor targets, Tensor class_weights, double scale) {
  const auto* w = data<const float>(class_weights);
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    forward<F>(s, loss, row_loss, logits, targets, scale, [=](A x, A y, int64_t c) {
      return weight<A>(w, c) * ((x > 0 ? x : A(0)) - x * y + std::log1p(std::exp(-std::abs(x))));
    });
  });
}

void binary_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                   Tensor logits, Tensor targets, Tensor class_weights,
                                   double scale) {
  const auto* w = data<const float>(class_weights);
  for_float(logits.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    backward<F>(s, dlogits, dlogits_mode, dloss, logits, targets, scale, [=](A x, A y, int64_t c) {
      return weight<A>(w, c) * (1 / (1 + std::exp(-x)) - y);
    });
  });
}

void mean_squared_error_forward(Stream s, Tensor loss, Tensor row_loss, Tensor x, Tensor targets,
                                double scale) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    forward<F>(s, loss, row_loss, x, targets, scale,
               [](A at, A y, int64_t) { return (at - y) * (at - y); });
  });
}

void mean_squared_error_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dloss, Tensor x,
                                 Tensor targets, double scale) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    backward<F>(s, dx, dx_mode, dloss, x, targets, scale,
                [](A at, A y, int64_t) { return 2 * (at - y); });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
