#include "albert/kernels/cuda/activation.h"
#include "albert/kernels/cuda/reduce_rows.h"

namespace albert::kernels::cuda {
namespace {

template <class F>
struct Operands {
  F* y;  // in backward: dx
  Grad mode;
  const F *x, *bias, *dy;
  int64_t cols;

  // value[N] += bias of columns [c, c + N).
  template <int N>
  SIMT_DEVICE void shift(Acc<F> (&value)[N], int64_t c) const {
    Acc<F> more[N];
    load_pack<N>(more, bias + c);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] += more[j];
  }
  // Reads x + bias of columns [c, c + N) of a row.
  template <int N>
  SIMT_DEVICE void shifted(Acc<F> (&value)[N], int64_t row, int64_t c) const {
    load_pack<N>(value, x + row * cols + c);
    if (bias) shift(value, c);
  }
};

template <class F, int N, class Act>
struct Forward {
  SIMT_DEVICE void operator()(int64_t row, int64_t pack) const {
    Acc<F> value[N];
    o.shifted(value, row, pack * N);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] = Act::value(value[j]);
    store_pack<N>(o.y + row * o.cols + pack * N, value, o.mode);
  }
  Operands<F> o;
};

template <class F, int N, class Act>
struct Backward {
  SIMT_DEVICE void operator()(int64_t row, int64_t pack) const {
    Acc<F> value[N], dy[N];
    const int64_t at = row * o.cols + pack * N;
    o.shifted(value, row, pack * N);
    load_pack<N>(dy, o.dy + at);
#pragma unroll
    for (int j = 0; j < N; ++j) value[j] = dy[j] * Act::slope(value[j]);
    store_pack<N>(o.y + at, value, o.mode);
  }
  Operands<F> o;
};

// Writes dx of N columns of a row and adds it, before it is rounded, to their sums.
template <class F, int N, class Act>
struct BackwardTerm {
  static constexpr int kRowsAtOnce = 1, kResident = 3;
  struct Row {
    Pack<F, N> x, dy;
  };
  SIMT_DEVICE Row read(int64_t r, int64_t c) const {
    const int64_t at = r * o.cols + c;
    return {pack_at<N>(o.x + at), pack_at<N>(o.dy + at)};
  }
  SIMT_DEVICE void add(Acc<F> (&sum)[N], const Row& row, int64_t r, int64_t c) const {
    Acc<F> value[N], dy[N];
    row.x.get(value);
    row.dy.get(dy);
    if (o.bias) o.shift(value, c);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += value[j] = dy[j] * Act::slope(value[j]);
    store_pack<N>(o.y + r * o.cols + c, value, o.mode);
  }
  Operands<F> o;
};

template <class F, class Act>
void forward(const Stream& s, Tensor y, Tensor x, Tensor bias) {
  const Operands<F> o{data<F>(y),          Grad::kAssign, data<const F>(x),
                      data<const F>(bias), nullptr,       x.shape[1]};
  for_width<F>(packs_fit<F>(o.cols, o.y, o.x, o.bias), [&](auto width) {
    constexpr int N = decltype(width)::value;
    for_row_packs(s, x.shape[0], o.cols / N, Forward<F, N, Act>{o});
  });
}

template <class F, class Act>
void backward(const Stream& s, Tensor dx, Grad dx_mode, Tensor dbias, Tensor dy, Tensor x,
              Tensor bias) {
  const Operands<F> o{data<F>(dx),         dx_mode,           data<const F>(x),
                      data<const F>(bias), data<const F>(dy), x.shape[1]};
  for_columns<kColumns>(columns_fit<kColumns>(o.cols, o.y, o.x, o.bias, o.dy), [&](auto width) {
    constexpr int N = decltype(width)::value;
    if (dbias)
      reduce_rows<N>(s, x.shape[0], o.cols, BackwardTerm<F, N, Act>{o}, data<Acc<F>>(dbias));
    else if (dx_mode != Grad::kIgnore)
      for_row_packs(s, x.shape[0], o.cols / N, Backward<F, N, Act>{o});
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
