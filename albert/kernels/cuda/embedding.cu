#include "albert/kernels/embedding.h"

#include "albert/kernels/cuda/scatter.h"

namespace albert::kernels::cuda {
namespace {

constexpr int64_t kFewRows =
    16;  // rows of a table: with fewer, each row's gradient is a column sum over all of dy

// Computes N columns of one row of y.
template <class F, int N>
struct AddThree {
  SIMT_DEVICE void operator()(int64_t i) const {
    const int64_t r = i / groups, c = i % groups * N, cols = groups * N;
    Acc<F> sum[N], more[N];
    load_pack<N>(sum, word + word_id[r] * cols + c);
    load_pack<N>(more, token_type + type_id[r] * cols + c);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += more[j];
    load_pack<N>(more, position + position_id[r] * cols + c);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += more[j];
    store_pack<N>(y + i * N, sum, Grad::kAssign);
  }
  F* y;
  const F *word, *token_type, *position;
  const int32_t *word_id, *type_id, *position_id;
  int64_t groups;  // of N columns, in a row
};

// The contribution of one element of dy to row `id` of a table.
template <class F>
struct RowTerm {
  SIMT_DEVICE void operator()(Acc<F> (&total)[1], int64_t r, int64_t c) const {
    if (ids[r] == id) total[0] += load(dy[r * cols + c]);
  }
  const F* dy;
  const int32_t* ids;
  int64_t id, cols;
};

template <class F>
void table_gradient(const Stream& s, Tensor table, Tensor dy, Tensor ids, int64_t skipped) {
  using A = Acc<F>;
  const int64_t rows = dy.shape[0], cols = dy.shape[1];
  const auto* id = data<const int32_t>(ids);
  if (table.shape[0] > kFewRows)
    return scatter_add(s, data<A>(table), data<const F>(dy), id, rows, cols, skipped);
  for (int64_t r = 0; r < table.shape[0]; ++r)
    if (r != skipped)
      column_sums<1, A>(s, rows, cols, RowTerm<F>{data<const F>(dy), id, r, cols},
                        data<A>(table) + r * cols);
}

}  // namespace

void embedding_forward(Stream s, Tensor y, Tensor word, Tensor token_type, Tensor position,
                       Tensor input_ids, Tensor token_type_ids, Tensor position_ids) {
  for_float(y.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const F *w = data<const F>(word), *t = data<const F>(token_type), *p = data<const F>(position);
    for_width<F>(packs_fit<F>(y.shape[1], data<F>(y), w, t, p), [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_elements(s, y.shape.size() / N,
                   AddThree<F, N>{data<F>(y), w, t, p, data<const int32_t>(input_ids),
                                  data<const int32_t>(token_type_ids),
                                  data<const int32_t>(position_ids), y.shape[1] / N});
    });
  });
}

void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition, Tensor dy,
                        Tensor input_ids, Tensor token_type_ids, Tensor position_ids,
                        int64_t padding_idx) {
  for_float(dy.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    table_gradient<F>(s, dword, dy, input_ids, padding_idx);
    table_gradient<F>(s, dtoken_type, dy, token_type_ids, -1);
    table_gradient<F>(s, dposition, dy, position_ids, -1);
  });
}

}  // namespace albert::kernels::cuda
