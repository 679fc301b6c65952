#include "albert/kernels/embedding.h"

#include "albert/kernels/cuda/table_gradients.h"

namespace albert::kernels::cuda {
namespace {

// Computes N columns of one row of y.
template <class F, int N>
struct AddThree {
  SIMT_DEVICE void operator()(int64_t r, int64_t pack) const {
    const int64_t c = pack * N;
    Acc<F> sum[N], more[N];
    load_pack<N>(sum, word + word_id[r] * cols + c);
    load_pack<N>(more, token_type + type_id[r] * cols + c);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += more[j];
    load_pack<N>(more, position + position_id[r] * cols + c);
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += more[j];
    store_pack<N>(y + r * cols + c, sum, Grad::kAssign);
  }
  F* y;
  const F *word, *token_type, *position;
  const int32_t *word_id, *type_id, *position_id;
  int64_t cols;
};

template <class A>
TableGradient<A> table_gradient(Tensor table, Tensor ids, Tensor order, int64_t skipped) {
  TableGradient<A> t{};
  if (!table) return t;
  t.table = data<A>(table);
  t.ids = data<const int32_t>(ids);
  t.order = data<const int32_t>(order);
  t.skipped = skipped;
  t.rows = ids.shape[0];
  t.rows_of_chunk = rows_of_chunk<A>(t.rows, table.shape[0], table.shape[1]);
  t.chunks = blocks_of(t.rows, t.rows_of_chunk);
  return t;
}

// Gives the tables their shares of the workspace; returns the chunks of all.
template <class A>
int64_t place_partials(const Stream& s, TableGradients<A>& tables) {
  int64_t chunks = 0;
  for (const auto& t : tables.of) chunks += t.chunks;
  // Ids come last: they need no more than the alignment of sums.
  A* sums = partial_sums<A>(s, 2 * chunks * tables.cols + chunks);
  auto* ids = reinterpret_cast<int32_t*>(sums + 2 * chunks * tables.cols);
  for (auto& t : tables.of) {
    t.partials = sums;
    t.continued = ids;
    sums += 2 * t.chunks * tables.cols;
    ids += t.chunks;
  }
  return chunks;
}

}  // namespace

void embedding_forward(Stream s, Tensor y, Tensor word, Tensor token_type, Tensor position,
                       Tensor input_ids, Tensor token_type_ids, Tensor position_ids) {
  for_float(y.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    const F *w = data<const F>(word), *t = data<const F>(token_type), *p = data<const F>(position);
    const int64_t rows = y.shape[0], cols = y.shape[1];
    for_width<F>(packs_fit<F>(cols, data<F>(y), w, t, p), [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_row_packs(s, rows, cols / N,
                    AddThree<F, N>{data<F>(y), w, t, p, data<const int32_t>(input_ids),
                                   data<const int32_t>(token_type_ids),
                                   data<const int32_t>(position_ids), cols});
    });
  });
}

void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition, Tensor dy,
                        Tensor input_ids, Tensor token_type_ids, Tensor position_ids,
                        const RowOrders& orders, int64_t padding_idx) {
  for_float(dy.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    TableGradients<A> tables{
        {table_gradient<A>(dword, input_ids, orders.by_input_id, padding_idx),
         table_gradient<A>(dtoken_type, token_type_ids, orders.by_token_type_id, -1),
         table_gradient<A>(dposition, position_ids, orders.by_position_id, -1)},
        dy.shape[1]};
    const int64_t chunks = place_partials(s, tables), cols = tables.cols;
    const auto* from = data<const F>(dy);
    const bool packs = columns_fit<kColumns>(cols, from, tables.of[0].table, tables.of[1].table,
                                             tables.of[2].table);
    for_columns<kColumns>(packs, [&](auto width) {
      constexpr int N = decltype(width)::value;
      for_row_packs(s, chunks, cols / N, SumChunk<F, N>{tables, from});
      for_row_packs(s, chunks, cols / N, AddRun<A, N>{tables});
    });
  });
}

}  // namespace albert::kernels::cuda
