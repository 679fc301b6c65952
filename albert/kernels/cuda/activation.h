#pragma once
// The activations and their slopes for GPUs, with nvcc's exp, tanh and erf. cpu/activation.cpp has
// the CPU's, whose approximations the compiler can vectorise.
#include <cmath>

#include "albert/kernels/activation.h"
#include "albert/kernels/cuda/simt/simt.h"

namespace albert::kernels::cuda {

template <class A>
SIMT_DEVICE A sigmoid(A x) {
  return A(1) / (A(1) + std::exp(-x));
}

struct Identity {
  template <class A>
  static SIMT_DEVICE A value(A x) {
    return x;
  }
  template <class A>
  static SIMT_DEVICE A slope(A) {
    return A(1);
  }
};

// 0.5 (1 + tanh(u)) = sigmoid(2 u)
struct GeluNew {
  template <class A>
  static SIMT_DEVICE A cumulative(A x) {
    return sigmoid(A(1.59576912160573071176) * (x + A(0.044715) * x * x * x));  // 2 sqrt(2 / pi)
  }
  template <class A>
  static SIMT_DEVICE A value(A x) {
    return x * cumulative(x);
  }
  template <class A>
  static SIMT_DEVICE A slope(A x) {
    const A s = cumulative(x);
    return s + x * s * (A(1) - s) * A(1.59576912160573071176) * (A(1) + A(3 * 0.044715) * x * x);
  }
};

struct Gelu {
  template <class A>
  static SIMT_DEVICE A cumulative(A x) {
    return A(0.5) * (A(1) + std::erf(x * A(0.70710678118654752440)));
  }
  template <class A>
  static SIMT_DEVICE A value(A x) {
    return x * cumulative(x);
  }
  template <class A>
  static SIMT_DEVICE A slope(A x) {
    return cumulative(x) + x * A(0.39894228040143267794) * std::exp(A(-0.5) * x * x);
  }
};

struct Relu {
  template <class A>
  static SIMT_DEVICE A value(A x) {
    return x < A(0) ? A(0) : x;  // NaN stays NaN
  }
  template <class A>
  static SIMT_DEVICE A slope(A x) {
    return x > A(0) ? A(1) : A(0);
  }
};

struct Silu {
  template <class A>
  static SIMT_DEVICE A value(A x) {
    return x * sigmoid(x);
  }
  template <class A>
  static SIMT_DEVICE A slope(A x) {
    const A s = sigmoid(x);
    return s * (A(1) + x * (A(1) - s));
  }
};

struct Tanh {
  template <class A>
  static SIMT_DEVICE A value(A x) {
    return std::tanh(x);
  }
  template <class A>
  static SIMT_DEVICE A slope(A x) {
    const A t = std::tanh(x);
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

}  // namespace albert::kernels::cuda
