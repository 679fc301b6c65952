#include "albert/kernels/activation.h"

#include "albert/kernels/cpu/types.h"
#include "albert/kernels/cpu/vector_math.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// Columns held on the stack; also those of one task of backward, which sums dbias over all rows.
constexpr int64_t kRun = 128;

// Each activation has its value and its slope at x, both in the accumulator type A.
struct Identity {
  template <class A>
  static A value(A x) {
    return x;
  }
  template <class A>
  static A slope(A) {
    return A(1);
  }
};

// 0.5 (1 + tanh(u)) is sigmoid(2 u), which takes one exp and cancels nothing for negative x.
struct GeluNew {
  template <class A>
  static constexpr A kScale = A(1.59576912160573071176);  // 2 sqrt(2 / pi)
  template <class A>
  static constexpr A kCubic = A(0.044715);
  template <class A>
  static A cumulative(A x) {
    return sigmoid(kScale<A> * (x + kCubic<A> * x * x * x));
  }
  template <class A>
  static A value(A x) {
    return x * cumulative(x);
  }
  template <class A>
  static A slope(A x) {
    const A s = cumulative(x);
    return s + x * s * (A(1) - s) * kScale<A> * (A(1) + A(3) * kCubic<A> * x * x);
  }
};

struct Gelu {
  template <class A>
  static A cumulative(A x) {
    return A(0.5) * (A(1) + erf_approx(x * A(0.70710678118654752440)));
  }
  template <class A>
  static A value(A x) {
    return x * cumulative(x);
  }
  template <class A>
  static A slope(A x) {
    return cumulative(x) + x * A(0.39894228040143267794) * exp_approx(A(-0.5) * x * x);
  }
};

struct Relu {
  template <class A>
  static A value(A x) {
    return x < A(0) ? A(0) : x;
  }  // NaN stays NaN
  template <class A>
  static A slope(A x) {
    return x > A(0) ? A(1) : A(0);
  }
};

struct Silu {
  template <class A>
  static A value(A x) {
    return x * sigmoid(x);
  }
  template <class A>
  static A slope(A x) {
    const A s = sigmoid(x);
    return s * (A(1) + x * (A(1) - s));
  }
};

struct Tanh {
  template <class A>
  static A value(A x) {
    return tanh_approx(x);
  }
  template <class A>
  static A slope(A x) {
    const A t = tanh_approx(x);
    return A(1) - t * t;
  }
};

template <class Function>
void for_activation(Activation activation, const Function& f) {
  switch (activation) {
    case Activation::kIdentity: return f(Identity{});
    case Activation::kGeluNew: return f(GeluNew{});
    case Activation::kGelu: return f(Gelu{});
    case Activation::kRelu: return f(Relu{});
    case Activation::kSilu: return f(Silu{});
    case Activation::kTanh: return f(Tanh{});
  }
}

// Sets y = activation(x + bias) for a run of columns of one row; y may be x.
template <class F, class Act>
void forward_run(F* y, const F* x, const F* bias, int64_t n) {
  Acc<F> buffer[kRun];
  Acc<F>* const value = staged(y, buffer);
  if (bias) {
#pragma omp simd
    for (int64_t c = 0; c < n; ++c) value[c] = Act::value(load(x[c]) + load(bias[c]));
  } else {
#pragma omp simd
    for (int64_t c = 0; c < n; ++c) value[c] = Act::value(load(x[c]));
  }
  write_staged(y, buffer, n);
}

template <class F, class Act>
void forward(const Stream& s, Tensor y, Tensor x, Tensor bias) {
  const int64_t cols = x.shape[1];
  const F *px = data<F>(x), *pb = data<F>(bias);
  F* py = data<F>(y);
  parallel_blocks(s, x.shape[0], rows_per_task(cols), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      for (int64_t c = 0; c < cols; c += kRun)
        forward_run<F, Act>(py + r * cols + c, px + r * cols + c, pb ? pb + c : nullptr,
                            std::min(kRun, cols - c));
  });
}

// Writes (or adds) dy * activation'(x + shift) to dx and adds it to total, for a run of columns of
// one row.
template <class F, class Act>
void backward_run(F* dx, Grad dx_mode, Acc<F>* total, const F* dy, const F* x, const Acc<F>* shift,
                  int64_t n) {
  Acc<F> product[kRun];
#pragma omp simd
  for (int64_t c = 0; c < n; ++c) product[c] = load(dy[c]) * Act::slope(load(x[c]) + shift[c]);
  for (int64_t c = 0; c < n; ++c) total[c] += product[c];
  if (dx_mode != Grad::kIgnore)
    for (int64_t c = 0; c < n; ++c) store(dx[c], product[c], dx_mode);
}

template <class F, class Act>
void backward(const Stream& s, Tensor dx, Grad dx_mode, Tensor dbias, Tensor dy, Tensor x,
              Tensor bias) {
  using A = Acc<F>;
  const int64_t rows = x.shape[0], cols = x.shape[1];
  const F *px = data<F>(x), *pb = data<F>(bias), *pdy = data<F>(dy);
  F* pdx = data<F>(dx);
  A* pdb = data<A>(dbias);
  parallel_blocks(s, cols, kRun, [=](int64_t begin, int64_t end) {
    const int64_t n = end - begin;
    A shift[kRun] = {}, total[kRun] = {};
    for (int64_t c = 0; pb && c < n; ++c) shift[c] = load(pb[begin + c]);
    for (int64_t at = begin; at < rows * cols; at += cols)
      backward_run<F, Act>(pdx + at, dx_mode, total, pdy + at, px + at, shift, n);
    for (int64_t c = 0; pdb && c < n; ++c) pdb[begin + c] += total[c];
  });
}

}  // namespace

void bias_activation_forward(Stream s, Tensor y, Tensor x, Tensor bias, Activation activation) {
  for_float(x.dtype, [&](auto tag) {
    for_activation(activation, [&](auto act) {
      forward<typename decltype(tag)::type, decltype(act)>(s, y, x, bias);
    });
  });
}

void bias_activation_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dbias, Tensor dy, Tensor x,
                              Tensor bias, Activation activation) {
  for_float(x.dtype, [&](auto tag) {
    for_activation(activation, [&](auto act) {
      backward<typename decltype(tag)::type, decltype(act)>(s, dx, dx_mode, dbias, dy, x, bias);
    });
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
