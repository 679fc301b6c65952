#include "albert/kernels/elementwise_loss.h"

#include <cmath>

#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {
namespace {

// The loss of one element x against its target y, and its slope.
struct BinaryCrossEntropy {
  template <class A>
  static SIMT_DEVICE A term(A x, A y) {
    return (x > 0 ? x : A(0)) - x * y + std::log1p(std::exp(-std::fabs(x)));
  }
  template <class A>
  static SIMT_DEVICE A slope(A x, A y) {
    return 1 / (1 + std::exp(-x)) - y;
  }
};

struct SquaredError {
  template <class A>
  static SIMT_DEVICE A term(A x, A y) {
    return (x - y) * (x - y);
  }
  template <class A>
  static SIMT_DEVICE A slope(A x, A y) {
    return 2 * (x - y);
  }
};

template <class F>
struct Operands {
  const F* x;
  const float *targets, *weights;  // weights [cols] or null
  int64_t cols;
  SIMT_DEVICE Acc<F> weight(int64_t c) const {
    return weights ? static_cast<Acc<F>>(weights[c]) : Acc<F>(1);
  }
};

template <class F, class Loss>
SIMT_KERNEL(kThreads)
row_kernel(Acc<F>* row_loss, Operands<F> o) {
  using A = Acc<F>;
  const int64_t row = simt::block();
  double sum = 0;
  for (int64_t c = simt::thread(); c < o.cols; c += kThreads) {
    const int64_t i = row * o.cols + c;
    sum +=
        static_cast<double>(o.weight(c) * Loss::term(load(o.x[i]), static_cast<A>(o.targets[i])));
  }
  sum = block_sum(sum, simt::shared<double>());
  if (simt::thread() == 0) row_loss[row] = static_cast<A>(sum);
}

template <class F, class Loss>
struct Backward {
  SIMT_DEVICE void operator()(int64_t i) const {
    using A = Acc<F>;
    const A factor = static_cast<A>(static_cast<double>(*dloss) * scale);
    const A slope = Loss::slope(load(o.x[i]), static_cast<A>(o.targets[i]));
    store(dx[i], factor * o.weight(i % o.cols) * slope, mode);
  }
  F* dx;
  Grad mode;
  const Acc<F>* dloss;
  double scale;
  Operands<F> o;
};

template <class F>
Operands<F> operands(Tensor x, Tensor targets, Tensor weights) {
  return {data<const F>(x), data<const float>(targets), data<const float>(weights), x.shape[1]};
}

template <class Loss>
void forward(const Stream& s, Tensor loss, Tensor row_loss, Tensor x, Tensor targets,
             Tensor weights, double scale) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    auto* const rows = data<Acc<F>>(row_loss);
    simt::launch(s, {x.shape[0], kThreads, kMaxWarps * sizeof(double)}, row_kernel<F, Loss>, rows,
                 operands<F>(x, targets, weights));
    scaled_sum<Acc<F>>(s, data<Acc<F>>(loss), rows, x.shape[0], {scale});
  });
}

template <class Loss>
void backward(const Stream& s, Tensor dx, Grad mode, Tensor dloss, Tensor x, Tensor targets,
              Tensor weights, double scale) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    for_elements(s, x.shape.size(),
                 Backward<F, Loss>{data<F>(dx), mode, data<const Acc<F>>(dloss), scale,
                                   operands<F>(x, targets, weights)});
  });
}

}  // namespace

void binary_cross_entropy_forward(Stream s, Tensor loss, Tensor row_loss, Tensor logits,
                                  Tensor targets, Tensor class_weights, double scale) {
  forward<BinaryCrossEntropy>(s, loss, row_loss, logits, targets, class_weights, scale);
}

void binary_cross_entropy_backward(Stream s, Tensor dlogits, Grad dlogits_mode, Tensor dloss,
                                   Tensor logits, Tensor targets, Tensor class_weights,
                                   double scale) {
  backward<BinaryCrossEntropy>(s, dlogits, dlogits_mode, dloss, logits, targets, class_weights,
                               scale);
}

void mean_squared_error_forward(Stream s, Tensor loss, Tensor row_loss, Tensor x, Tensor targets,
                                double scale) {
  forward<SquaredError>(s, loss, row_loss, x, targets, {}, scale);
}

void mean_squared_error_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dloss, Tensor x,
                                 Tensor targets, double scale) {
  backward<SquaredError>(s, dx, dx_mode, dloss, x, targets, {}, scale);
}

}  // namespace albert::kernels::cuda
