#include "albert/kernels/row_ops.h"

#include "albert/kernels/cuda/reduce_rows.h"

namespace albert::kernels::cuda {
namespace {

// Copies N columns of a row of y from the row of x that `index` names.
template <class F, int N>
struct Gather {
  SIMT_DEVICE void operator()(int64_t row, int64_t pack) const {
    put_pack(to + row * cols + pack * N, pack_at<N>(from + index[row] * cols + pack * N));
  }
  F* to;
  const F* from;
  const int32_t* index;
  int64_t cols;
};

// Adds N columns of the rows that go to one row of dx. They follow each other: the thread of the
// first adds them all.
template <class F, int N>
struct Scatter {
  SIMT_DEVICE void operator()(int64_t row, int64_t pack) const {
    const int64_t c = pack * N, target = index[row];
    if (row > 0 && index[row - 1] == target) return;
    Acc<F> sum[N], more[N];
    load_pack<N>(sum, to + target * cols + c);
    for (int64_t r = row; r < rows && index[r] == target; ++r) {
      load_pack<N>(more, from + r * cols + c);
#pragma unroll
      for (int i = 0; i < N; ++i) sum[i] = load(rounded<F>(sum[i] + more[i]));
    }
    store_pack<N>(to + target * cols + c, sum, Grad::kAssign);
  }
  F* to;
  const F* from;
  const int32_t* index;
  int64_t rows, cols;
};

// Runs body.at(i, Width<M>) for the elements [i, i + M) that the p-th of N belongs to: at once, or
// one by one at the end of n elements.
template <class Body, int N>
struct InPacks {
  SIMT_DEVICE void operator()(int64_t p) const {
    const int64_t begin = p * N;
    if (begin + N <= n) return body.at(begin, Width<N>{});
    for (int64_t i = begin; i < n; ++i) body.at(i, Width<1>{});
  }
  Body body;
  int64_t n;
};

template <int N, class Body>
void for_packs(const Stream& s, int64_t n, const Body& body) {
  for_elements(s, blocks_of(n, N), InPacks<Body, N>{body, n});
}

template <class F>
struct Zero {
  template <int N>
  SIMT_DEVICE void at(int64_t i, Width<N>) const {
    put_pack(to + i, Pack<F, N>{});
  }
  F* to;
};

template <class To, class From>
struct Cast {
  template <int N>
  SIMT_DEVICE void at(int64_t i, Width<N>) const {
    Acc<From> value[N];
    Acc<To> converted[N];
    load_pack<N>(value, from + i);
#pragma unroll
    for (int k = 0; k < N; ++k) converted[k] = static_cast<Acc<To>>(value[k]);
    store_pack<N>(to + i, converted, mode);
  }
  To* to;
  Grad mode;
  const From* from;
};

template <class F, int N>
struct AddColumns {
  static constexpr int kRowsAtOnce = 2, kResident = sizeof(F) < sizeof(float) ? 6 : 5;
  using Row = Pack<F, N>;
  SIMT_DEVICE Row read(int64_t r, int64_t c) const { return pack_at<N>(x + r * cols + c); }
  SIMT_DEVICE void add(Acc<F> (&sum)[N], const Row& row, int64_t, int64_t) const {
    Acc<F> value[N];
    row.get(value);
#pragma unroll
    for (int i = 0; i < N; ++i) sum[i] += value[i];
  }
  const F* x;
  int64_t cols;
};

}  // namespace

void gather_rows(Stream s, Tensor y, Tensor x, Tensor index) {
  for_float(y.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t cols = y.shape[1];
    auto* const to = data<F>(y);
    const auto* from = data<const F>(x);
    for_width<F>(packs_fit<F>(cols, to, from), [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_row_packs(s, y.shape[0], cols / N,
                    Gather<F, N>{to, from, data<const int32_t>(index), cols});
    });
  });
}

void scatter_rows(Stream s, Tensor dx, Grad dx_mode, Tensor dy, Tensor index) {
  for_float(dx.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t rows = dy.shape[0], cols = dy.shape[1];
    auto* const to = data<F>(dx);
    const auto* from = data<const F>(dy);
    for_width<F>(packs_fit<F>(cols, to, from), [&](auto width) {
      constexpr int N = decltype(width)::value;
      if (dx_mode == Grad::kAssign) for_packs<N>(s, dx.shape.size(), Zero<F>{to});
      for_row_packs(s, rows, cols / N,
                    Scatter<F, N>{to, from, data<const int32_t>(index), rows, cols});
    });
  });
}

void accumulate(Stream s, Tensor dst, Grad mode, Tensor src) {
  for_float(dst.dtype, [&](auto to_tag) {
    for_float(src.dtype, [&](auto from_tag) {
      using To = typename decltype(to_tag)::type;
      using From = typename decltype(from_tag)::type;
      const Cast<To, From> cast{data<To>(dst), mode, data<const From>(src)};
      for_columns<kColumns>(columns_fit<1>(1, cast.to, cast.from), [&](auto width) {
        for_packs<decltype(width)::value>(s, dst.shape.size(), cast);
      });
    });
  });
}

void sum_rows(Stream s, Tensor total, Tensor x) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const auto* from = data<const F>(x);
    for_columns<kColumns>(columns_fit<kColumns>(x.shape[1], from), [&](auto width) {
      constexpr int N = decltype(width)::value;
      reduce_rows<N, Acc<F>>(s, x.shape[0], x.shape[1], AddColumns<F, N>{from, x.shape[1]},
                             data<Acc<F>>(total));
    });
  });
}

}  // namespace albert::kernels::cuda
