#include "albert/kernels/embedding.h"
#include "albert/kernels/cpu/types.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// One task owns so many columns of a table and walks all rows in order.
constexpr int64_t kColumns = 32;

template <class F>
void add_three(F* y, const F* word, const F* token_type, const F* position, int64_t cols) {
#pragma omp simd
  for (int64_t c = 0; c < cols; ++c)
    y[c] = static_cast<F>(load(word[c]) + load(token_type[c]) + load(position[c]));
}

// Adds dy[r] to table[ids[r]] for every r, except to row `skipped` of the table.
template <class F>
void scatter_add(const Stream& s, Tensor table, Tensor dy, Tensor ids, int64_t skipped) {
  const int64_t rows = dy.shape[0], cols = dy.shape[1];
  auto* to = data<Acc<F>>(table);
  const auto* from = data<const F>(dy);
  const auto* id = data<const int32_t>(ids);
  parallel_blocks(s, cols, kColumns, [=](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r) {
      if (id[r] == skipped) continue;
      Acc<F>* sum = to + id[r] * cols;
      const F* x = from + r * cols;
#pragma omp simd
      for (int64_t c = begin; c < end; ++c) sum[c] += load(x[c]);
    }
  });
}

}  // namespace

void embedding_forward(Stream s, Tensor y, Tensor word, Tensor token_type, Tensor position,
                       Tensor input_ids, Tensor token_type_ids, Tensor position_ids) {
  const int64_t rows = y.shape[0], cols = y.shape[1];
  const auto *word_id = data<const int32_t>(input_ids),
             *type_id = data<const int32_t>(token_type_ids),
             *position_id = data<const int32_t>(position_ids);
  for_float(y.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    parallel_blocks(s, rows, rows_per_task(cols), [=](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        add_three(data<F>(y) + r * cols, data<const F>(word) + word_id[r] * cols,
                  data<const F>(token_type) + type_id[r] * cols,
                  data<const F>(position) + position_id[r] * cols, cols);
    });
  });
}

void embedding_backward(Stream s, Tensor dword, Tensor dtoken_type, Tensor dposition, Tensor dy,
                        Tensor input_ids, Tensor token_type_ids, Tensor position_ids,
                        const RowOrders& /*orders*/, int64_t padding_idx) {
  for_float(dy.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    if (dword) scatter_add<F>(s, dword, dy, input_ids, padding_idx);
    scatter_add<F>(s, dtoken_type, dy, token_type_ids, -1);
    scatter_add<F>(s, dposition, dy, position_ids, -1);
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
