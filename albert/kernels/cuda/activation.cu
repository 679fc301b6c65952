#include "albert/kernels/cuda/activation.h"
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {
namespace {

template <class F>
struct Operands {
  F* y;  // in backward: dx
  Grad mode;
  const F *x, *bias, *dy;
  int64_t groups;  // of N columns, in a row

  // Reads x + bias for the i-th group of N columns.
  template <int N>
  SIMT_DEVICE void shifted(Acc<F> (&value)[N], int64_t i) const {
    Acc<F> shift[N] = {};
    load_pack<N>(value, x + i * N);
    if (bias) load_pack<N>(shift, bias + i % groups * N);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] += shift[j];
  }
};

template <class F, int N, class Act>
struct Forward {
  SIMT_DEVICE void operator()(int64_t i) const {
    Acc<F> value[N];
    o.shifted(value, i);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] = Act::value(value[j]);
    store_pack<N>(o.y + i * N, value, o.mode);
  }
  Operands<F> o;
};

template <class F, int N, class Act>
struct Backward {
  SIMT_DEVICE void operator()(int64_t i) const {
    Acc<F> value[N], dy[N];
    o.shifted(value, i);
    load_pack<N>(dy, o.dy + i * N);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] = dy[j] * Act::slope(value[j]);
    store_pack<N>(o.y + i * N, value, o.mode);
  }
  Operands<F> o;
};

// The contribution of one element to dbias.
template <class F, class Act>
struct BiasTerm {
  SIMT_DEVICE void operator()(Acc<F> (&total)[1], int64_t r, int64_t c) const {
    Acc<F> value[1];
    o.shifted(value, r * o.groups + c);
    total[0] += load(o.dy[r * o.groups + c]) * Act::slope(value[0]);
  }
  Operands<F> o;
};

template <class F, class Act>
void forward(const Stream& s, Tensor y, Tensor x, Tensor bias) {
  Operands<F> o{data<F>(y),          Grad::kAssign, data<const F>(x),
                data<const F>(bias), nullptr,       x.shape[1]};
  for_width<F>(packs_fit<F>(x.shape[1], o.y, o.x, o.bias), [&](auto width) {
    constexpr int N = decltype(width)::value;
    o.groups = x.shape[1] / N;
    for_elements(s, x.shape.size() / N, Forward<F, N, Act>{o});
  });
}

// dbias comes first, because dx may be dy.
template <class F, class Act>
void backward(const Stream& s, Tensor dx, Grad dx_mode, Tensor dbias, Tensor dy, Tensor x,
              Tensor bias) {
  using A = Acc<F>;
  Operands<F> o{data<F>(dx),         dx_mode,           data<const F>(x),
                data<const F>(bias), data<const F>(dy), x.shape[1]};
  if (dbias) column_sums<1, A>(s, x.shape[0], x.shape[1], BiasTerm<F, Act>{o}, data<A>(dbias));
  if (dx_mode == Grad::kIgnore) return;
  for_width<F>(packs_fit<F>(x.shape[1], o.y, o.x, o.bias, o.dy), [&](auto width) {
    constexpr int N = decltype(width)::value;
    o.groups = x.shape[1] / N;
    for_elements(s, x.shape.size() / N, Backward<F, N, Act>{o});
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

}  // namespace albert::kernels::cuda
