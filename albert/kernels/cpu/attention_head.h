#pragma once
// Shared by forward and backward of the CPU attention: it cuts heads into tiles and computes their
// scores and probabilities. It is compiled once per instruction set, as types.h says.
#include <cmath>
#include <type_traits>

#include "albert/kernels/attention.h"
#include "albert/kernels/cpu/attention_tile.h"
#include "albert/kernels/cpu/dropout_mask.h"
#include "albert/kernels/cpu/vector_math.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

// One head of one sequence: the matrices of its queries, keys and values.
template <class F>
struct Head {
  Matrix<F> q, k, v;
  int64_t queries, keys, dims;
  Acc<F> scale;
  Acc<F>* log_sum_exp;     // [queries]
  const int64_t* row_ids;  // [queries], when dropout is on
  int64_t first_column;    // of dropout's mask, for key 0
};

template <class F>
Matrix<F> columns_of(const Columns& c, int64_t row, int64_t head, int64_t dims) {
  const int64_t stride = c.matrix.shape[1];
  return {data<F>(c.matrix) + row * stride + c.begin + head * dims, stride};
}

// The operands of a call. head() gives those of one head of one sequence.
template <class F>
struct Call {
  Columns q, k, v;
  Tensor log_sum_exp;
  const AttentionShape& shape;
  const Dropout& dropout;

  int64_t sequences() const { return shape.cu_seqlens_q.shape[0] - 1; }
  static int64_t begin(const Tensor& cu_seqlens, int64_t b) { return data<int32_t>(cu_seqlens)[b]; }
  static int64_t length(const Tensor& cu_seqlens, int64_t b) {
    return begin(cu_seqlens, b + 1) - begin(cu_seqlens, b);
  }

  Head<F> head(int64_t b, int64_t h) const {
    const int64_t row = begin(shape.cu_seqlens_q, b), key = begin(shape.cu_seqlens_k, b),
                  d = shape.head_size;
    const int64_t* ids = data<int64_t>(dropout.row_ids);
    return {columns_of<F>(q, row, h, d),
            columns_of<F>(k, key, h, d),
            columns_of<F>(v, key, h, d),
            length(shape.cu_seqlens_q, b),
            length(shape.cu_seqlens_k, b),
            d,
            static_cast<Acc<F>>(1 / std::sqrt(static_cast<double>(d))),
            data<Acc<F>>(log_sum_exp) + h * log_sum_exp.shape[1] + row,
            ids ? ids + row : nullptr,
            h * 65536};
  }
};

template <class F>
int64_t longest_sequence(const Call<F>& call, const Tensor& cu_seqlens) {
  int64_t longest = 0;
  for (int64_t b = 0; b < call.sequences(); ++b)
    longest = std::max(longest, Call<F>::length(cu_seqlens, b));
  return longest;
}

// Runs body(b, h, begin, rows) for every tile of `size` rows of every head and sequence, in
// parallel. The grid is as wide as the longest sequence. Shorter ones have empty tiles there, each
// of which costs a comparison.
template <class F, class Body>
void for_tiles(const Stream& s, const Call<F>& call, const Tensor& cu_seqlens, int64_t size,
               const Body& body) {
  const int64_t tiles = blocks_of(longest_sequence(call, cu_seqlens), size),
                heads = call.shape.heads;
  parallel_for(s, call.sequences() * heads * tiles, [&](int64_t i) {
    const int64_t b = i / (heads * tiles), h = i / tiles % heads, begin = i % tiles * size;
    const int64_t rows = std::min(size, Call<F>::length(cu_seqlens, b) - begin);
    if (rows > 0) body(b, h, begin, rows);
  });
}

template <class A>
struct Square {
  alignas(64) A data[kTile * kTile];
  Matrix<A> matrix() { return {data, kTile}; }
};

template <class A>
struct Panel {  // holds up to kTile rows of up to kTileDims dimensions
  alignas(64) A data[kTile * kTileDims<A>];
  Matrix<A> matrix(int64_t stride) { return {data, stride}; }
};

// Calls f(first dimension, dimensions) for the blocks of a head that fit a panel.
template <class A, class Body>
void for_dims(int64_t dims, const Body& f) {
  for (int64_t d = 0; d < dims; d += kTileDims<A>) f(d, std::min(kTileDims<A>, dims - d));
}

// Transposes source [rows, dims] into to [dims, rows]. Both are written in whole vectors.
template <class F>
void turn(Matrix<Acc<F>> to, Matrix<F> source, int64_t rows, int64_t dims) {
  using A = Acc<F>;
  if constexpr (std::is_same_v<F, A>)
    if (rows % kLanes<A> == 0 && dims % kLanes<A> == 0)
      return transpose_tile<A>(to, source, rows, dims);
  Panel<A> whole;
  const int64_t stride = round_up_to_lanes<A>(dims);
  load_tile<F>(whole.matrix(stride), source, rows, dims, A(1));
  transpose_tile<A>(to, whole.matrix(stride), round_up_to_lanes<A>(rows), stride);
}

// Sets c [rows, cols] = factor * x yT, summed over all dimensions. Columns up to the end of the
// last vector are written too.
template <class F>
void inner_products(Square<Acc<F>>& c, Matrix<F> x, int64_t rows, Matrix<F> y, int64_t cols,
                    int64_t dims, Acc<F> factor) {
  using A = Acc<F>;
  Panel<A> left, turned;
  for_dims<A>(dims, [&](int64_t d, int64_t n) {
    const int64_t stride = round_up_to_lanes<A>(n), width = round_up_to_lanes<A>(cols);
    load_tile<F>(left.matrix(stride), x.at(0, d), rows, n, factor);
    turn<F>(turned.matrix(kTile), y.at(0, d), cols, n);
    multiply<A>(c.matrix(), left.matrix(stride), turned.matrix(kTile), {rows, width, n},
                d == 0 ? Grad::kAssign : Grad::kAdd);
  });
}

// Multiplies p by the factors of dropout.
template <class F>
void drop(Square<Acc<F>>& p, const Head<F>& head, const Dropout& dropout, int64_t query,
          int64_t rows, int64_t key, int64_t cols) {
  if (dropout.probability == 0) return;
  Acc<F> factors[kTile];
  for (int64_t i = 0; i < rows; ++i) {
    dropout_factors(factors, dropout, head.row_ids[query + i], head.first_column + key, cols);
    for (int64_t j = 0; j < cols; ++j) p.matrix().row(i)[j] *= factors[j];
  }
}

// Computes p = exp(score - log_sum_exp), the softmax of a tile whose log_sum_exp is known.
template <class F>
void known_probabilities(Square<Acc<F>>& p, const Head<F>& head, int64_t query, int64_t rows,
                         int64_t key, int64_t cols) {
  inner_products<F>(p, head.q.at(query, 0), rows, head.k.at(key, 0), cols, head.dims, head.scale);
  for (int64_t i = 0; i < rows; ++i) {
    Acc<F>* row = p.matrix().row(i);
    const Acc<F> log_sum_exp = head.log_sum_exp[query + i];
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) row[j] = exp_approx(row[j] - log_sum_exp);
  }
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
