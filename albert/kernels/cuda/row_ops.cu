#include "albert/kernels/row_ops.h"

#include "albert/kernels/cuda/scatter.h"

namespace albert::kernels::cuda {
namespace {

// Copies a group of N columns of y from the row of x that `index` names.
template <class F, int N>
struct Gather {
  SIMT_DEVICE void operator()(int64_t i) const {
    Acc<F> x[N];
    load_pack<N>(x, from + (index[i / groups] * groups + i % groups) * N);
    store_pack<N>(to + i * N, x, Grad::kAssign);
  }
  F* to;
  const F* from;
  const int32_t* index;
  int64_t groups;
};

template <class F>
struct Zero {
  SIMT_DEVICE void operator()(int64_t i) const { to[i] = F{}; }
  F* to;
};

template <class To, class From>
struct Cast {
  SIMT_DEVICE void operator()(int64_t i) const {
    store(to[i], static_cast<Acc<To>>(load(from[i])), mode);
  }
  To* to;
  Grad mode;
  const From* from;
};

template <class F>
struct Element {
  SIMT_DEVICE void operator()(Acc<F> (&total)[1], int64_t r, int64_t c) const {
    total[0] += load(x[r * cols + c]);
  }
  const F* x;
  int64_t cols;
};

template <class F>
SIMT_KERNEL(kThreads)
argmax_kernel(int32_t* best, const F* x, int64_t cols) {
  using A = Acc<F>;
  auto* const scratch = simt::shared<A>();
  auto* const index_scratch = reinterpret_cast<int32_t*>(scratch);
  const F* const row = x + simt::block() * cols;
  A most = load(row[0]);
  int32_t first = 0, nan = 0;
  for (int64_t c = simt::thread(); c < cols; c += kThreads) {
    const A value = load(row[c]);
    if (value > most || c == simt::thread()) {
      most = value;
      first = static_cast<int32_t>(c);
    }
    nan |= value != value;
  }
  const bool has_nan = block_max(nan, index_scratch) != 0;
  const bool candidate = block_max(most, scratch) == most && simt::thread() < cols;
  const int32_t found = -block_max(candidate ? -first : INT32_MIN, index_scratch);
  if (simt::thread() == 0) best[simt::block()] = has_nan ? -1 : found;
}

}  // namespace

void gather_rows(Stream s, Tensor y, Tensor x, Tensor index) {
  for_float(y.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const int64_t cols = y.shape[1];
    for_width<F>(packs_fit<F>(cols, data<F>(y), data<F>(x)), [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_elements(
          s, y.shape.size() / N,
          Gather<F, N>{data<F>(y), data<const F>(x), data<const int32_t>(index), cols / N});
    });
  });
}

void scatter_rows(Stream s, Tensor dx, Grad dx_mode, Tensor dy, Tensor index) {
  for_float(dx.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    if (dx_mode == Grad::kAssign) for_elements(s, dx.shape.size(), Zero<F>{data<F>(dx)});
    scatter_add(s, data<F>(dx), data<const F>(dy), data<const int32_t>(index), dy.shape[0],
                dy.shape[1], -1);
  });
}

void accumulate(Stream s, Tensor dst, Grad mode, Tensor src) {
  for_float(dst.dtype, [&](auto to) {
    for_float(src.dtype, [&](auto from) {
      using To = typename decltype(to)::type;
      using From = typename decltype(from)::type;
      for_elements(s, dst.shape.size(), Cast<To, From>{data<To>(dst), mode, data<const From>(src)});
    });
  });
}

void sum_rows(Stream s, Tensor total, Tensor x) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    column_sums<1, Acc<F>>(s, x.shape[0], x.shape[1], Element<F>{data<const F>(x), x.shape[1]},
                           data<Acc<F>>(total));
  });
}

void argmax_rows(Stream s, Tensor best, Tensor x) {
  for_float(x.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    simt::launch(s, {x.shape[0], kThreads, kMaxWarps * sizeof(Acc<F>)}, argmax_kernel<F>,
                 data<int32_t>(best), data<const F>(x), x.shape[1]);
  });
}

}  // namespace albert::kernels::cuda
