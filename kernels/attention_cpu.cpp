#include "kernels/attention.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/attention_tile.h"
#include "kernels/dropout_mask.h"
#include "kernels/vector_math.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// One head of one sequence, as matrices of its queries and keys.
template <class F>
struct Head {
  Matrix<F> q, k, v;
  int64_t queries, keys, dims;
  Acc<F> scale;
  Acc<F>* log_sum_exp;     // [queries]
  const int64_t* row_ids;  // [queries], when dropout is on
  int64_t first_column;    // dropout's, of key 0
};

template <class F>
Matrix<F> columns_of(const Columns& c, int64_t row, int64_t head, int64_t dims) {
  const int64_t stride = c.matrix.shape[1];
  return {data<F>(c.matrix) + row * stride + c.begin + head * dims, stride};
}

// The operands of a call, cut into heads and tiles.
template <class F>
struct Call {
  Columns q, k, v;
  Tensor log_sum_exp;
  const AttentionShape& shape;
  const Dropout& dropout;

  int64_t sequences() const { return shape.cu_seqlens_q.shape[0] - 1; }
  static int64_t begin(const Tensor& cu_seqlens, int64_t b) { return data<int32_t>(cu_seqlens)[b]; }
  static int64_t length(const Tensor& cu_seqlens, int64_t b) { return begin(cu_seqlens, b + 1) - begin(cu_seqlens, b); }

  Head<F> head(int64_t b, int64_t h) const {
    const int64_t row = begin(shape.cu_seqlens_q, b), key = begin(shape.cu_seqlens_k, b), d = shape.head_size;
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
  for (int64_t b = 0; b < call.sequences(); ++b) longest = std::max(longest, Call<F>::length(cu_seqlens, b));
  return longest;
}

// Runs body(b, h, begin, rows) for every tile of `size` rows of every head and sequence, in parallel. The grid is as
// wide as the longest sequence; shorter ones have empty tiles, which cost a comparison.
template <class F, class Body>
void for_tiles(const Stream& s, const Call<F>& call, const Tensor& cu_seqlens, int64_t size, const Body& body) {
  const int64_t tiles = blocks_of(longest_sequence(call, cu_seqlens), size), heads = call.shape.heads;
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
struct Panel {  // up to kTile rows of up to kTileDims dimensions
  alignas(64) A data[kTile * kTileDims<A>];
  Matrix<A> matrix(int64_t stride) { return {data, stride}; }
};

// Calls f(first dimension, dimensions) for the blocks of a head that fit a panel.
template <class A, class Body>
void for_dims(int64_t dims, const Body& f) {
  for (int64_t d = 0; d < dims; d += kTileDims<A>) f(d, std::min(kTileDims<A>, dims - d));
}

// to [dims, rows] = source [rows, dims] turned, in whole vectors.
template <class F>
void turn(Matrix<Acc<F>> to, Matrix<F> source, int64_t rows, int64_t dims) {
  using A = Acc<F>;
  if constexpr (std::is_same_v<F, A>)
    if (rows % kLanes<A> == 0 && dims % kLanes<A> == 0) return transpose_tile<A>(to, source, rows, dims);
  Panel<A> whole;
  const int64_t stride = round_up_to_lanes<A>(dims);
  load_tile<F>(whole.matrix(stride), source, rows, dims, A(1));
  transpose_tile<A>(to, whole.matrix(stride), round_up_to_lanes<A>(rows), stride);
}

// c [rows, cols] = factor * x yT over all dimensions; columns up to whole vectors are written too.
template <class F>
void inner_products(Square<Acc<F>>& c, Matrix<F> x, int64_t rows, Matrix<F> y, int64_t cols, int64_t dims,
                    Acc<F> factor) {
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

// p *= dropout's factors, row by row.
template <class F>
void drop(Square<Acc<F>>& p, const Head<F>& head, const Dropout& dropout, int64_t query, int64_t rows, int64_t key,
          int64_t cols) {
  if (dropout.probability == 0) return;
  Acc<F> factors[kTile];
  for (int64_t i = 0; i < rows; ++i) {
    dropout_factors(factors, dropout, head.row_ids[query + i], head.first_column + key, cols);
    for (int64_t j = 0; j < cols; ++j) p.matrix().row(i)[j] *= factors[j];
  }
}

// The soft-max of a tile of queries while its keys pass by: maxima and sums so far.
template <class A>
struct RunningSoftmax {
  A max[kTile], sum[kTile];
  RunningSoftmax() {
    for (int64_t i = 0; i < kTile; ++i) max[i] = -std::numeric_limits<A>::infinity(), sum[i] = 0;
  }
  // Turns row i of scores into exp(score - max); what came before is to be scaled by the result.
  A take(A* scores, int64_t cols, int64_t i) {
    A tile_max = max[i], total = 0;
#pragma omp simd reduction(max : tile_max)
    for (int64_t j = 0; j < cols; ++j) tile_max = scores[j] > tile_max ? scores[j] : tile_max;
#pragma omp simd reduction(+ : total)
    for (int64_t j = 0; j < cols; ++j) {
      scores[j] = exp_approx(scores[j] - tile_max);
      total += scores[j];
    }
    const A before = exp_approx(max[i] - tile_max);
    sum[i] = sum[i] * before + total;
    max[i] = tile_max;
    return before;
  }
};

// A tile of queries on its way past the keys.
template <class F>
struct ForwardTile {
  using A = Acc<F>;
  int64_t query, rows;
  Panel<A> queries, sums;
  Square<A> p;
  RunningSoftmax<A> softmax;

  void begin(int64_t first, int64_t count, int64_t stride) {
    query = first, rows = count;
    for (int64_t i = 0; i < rows * stride; ++i) sums.data[i] = 0;
  }
  // p = scores against a tile of keys, turned, of dimensions [d, d + n). The queries stay where one block holds them.
  void score(const Head<F>& head, Matrix<A> keys, int64_t key, int64_t cols, int64_t d, int64_t n) {
    const Matrix<A> mine = queries.matrix(round_up_to_lanes<A>(n));
    if (key == 0 || n < head.dims) load_tile<F>(mine, head.q.at(query, d), rows, n, head.scale);
    multiply<A>(p.matrix(), mine, keys, {rows, round_up_to_lanes<A>(cols), n}, d == 0 ? Grad::kAssign : Grad::kAdd);
  }
  void add(const Head<F>& head, const Dropout& dropout, Matrix<A> values, int64_t key, int64_t cols) {
    for (int64_t i = 0; i < rows; ++i) {
      const A before = softmax.take(p.matrix().row(i), cols, i);
      A* sum = sums.matrix(values.stride).row(i);
#pragma omp simd
      for (int64_t j = 0; j < values.stride; ++j) sum[j] *= before;
    }
    drop(p, head, dropout, query, rows, key, cols);
    multiply<A>(sums.matrix(values.stride), p.matrix(), values, {rows, values.stride, cols}, Grad::kAdd);
  }
  void store(const Head<F>& head, Matrix<F> out, int64_t n) const {
    const int64_t stride = round_up_to_lanes<A>(n);
    for (int64_t i = 0; i < rows; ++i) {
      const Matrix<A> sum{const_cast<A*>(sums.data) + i * stride, stride};
      store_tile<F>(out.at(i, 0), sum, 1, n, A(1) / softmax.sum[i], Grad::kAssign);
      head.log_sum_exp[query + i] = softmax.max[i] + std::log(softmax.sum[i]);
    }
  }
};

// Dimensions [d, d + n) of the outputs of up to kTogether tiles of queries, and their log-sum-exps: keys and values are
// laid out once for all of them.
constexpr int64_t kTogether = 4;
template <class F>
void forward_tiles(const Head<F>& head, const Dropout& dropout, int64_t query, int64_t rows, Matrix<F> out, int64_t d,
                   int64_t n) {
  using A = Acc<F>;
  const int64_t stride = round_up_to_lanes<A>(n), count = blocks_of(rows, kTile);
  ForwardTile<F> tiles[kTogether];
  Panel<A> keys, values;
  for (int64_t t = 0; t < count; ++t) tiles[t].begin(query + t * kTile, std::min(kTile, rows - t * kTile), stride);
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    for_dims<A>(head.dims, [&](int64_t begin, int64_t dims) {
      turn<F>(keys.matrix(kTile), head.k.at(key, begin), cols, dims);
      for (int64_t t = 0; t < count; ++t) tiles[t].score(head, keys.matrix(kTile), key, cols, begin, dims);
    });
    load_tile<F>(values.matrix(stride), head.v.at(key, d), cols, n, A(1));
    for (int64_t t = 0; t < count; ++t) tiles[t].add(head, dropout, values.matrix(stride), key, cols);
  }
  for (int64_t t = 0; t < count; ++t) tiles[t].store(head, out.at(t * kTile, d), n);
}

// How many tiles of queries a task takes: several, as long as every thread has some tasks.
template <class F>
int64_t tiles_together(const Stream& s, const Call<F>& call) {
  constexpr int64_t kTasksAThread = 8;
  const int64_t tiles = blocks_of(longest_sequence(call, call.shape.cu_seqlens_q), kTile);
  const int64_t tasks = call.sequences() * call.shape.heads * tiles;
  return std::clamp<int64_t>(tasks / (kTasksAThread * s.threads), 1, kTogether);
}

// p = exp(score - log_sum_exp): the soft-max of a tile whose normalisers are known.
template <class F>
void known_probabilities(Square<Acc<F>>& p, const Head<F>& head, int64_t query, int64_t rows, int64_t key,
                         int64_t cols) {
  inner_products<F>(p, head.q.at(query, 0), rows, head.k.at(key, 0), cols, head.dims, head.scale);
  for (int64_t i = 0; i < rows; ++i) {
    Acc<F>* row = p.matrix().row(i);
    const Acc<F> log_sum_exp = head.log_sum_exp[query + i];
#pragma omp simd
    for (int64_t j = 0; j < cols; ++j) row[j] = exp_approx(row[j] - log_sum_exp);
  }
}

// Rows positions[query + i] of [S, S] probabilities, after dropout.
template <class F>
void write_probabilities(const Head<F>& head, const Dropout& dropout, int64_t query, int64_t rows, Matrix<F> to,
                         const int32_t* positions) {
  Square<Acc<F>> p;
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    known_probabilities(p, head, query, rows, key, cols);
    drop(p, head, dropout, query, rows, key, cols);
    for (int64_t i = 0; i < rows; ++i)
      store_tile<F>(to.at(positions[query + i], key), p.matrix().at(i, 0), 1, cols, Acc<F>(1), Grad::kAssign);
  }
}

template <class F>
void forward(const Stream& s, Tensor out, Tensor probabilities, const Call<F>& call) {
  const int64_t size = kTile * tiles_together(s, call);
  for_tiles(s, call, call.shape.cu_seqlens_q, size, [&](int64_t b, int64_t h, int64_t query, int64_t rows) {
    const Head<F> head = call.head(b, h);
    const int64_t row = Call<F>::begin(call.shape.cu_seqlens_q, b);
    const Matrix<F> to = columns_of<F>({out, 0}, row + query, h, head.dims);
    for_dims<Acc<F>>(head.dims,
                     [&](int64_t d, int64_t n) { forward_tiles(head, call.dropout, query, rows, to, d, n); });
    if (!probabilities) return;
    const int64_t length = probabilities.shape[3];
    const Matrix<F> p{data<F>(probabilities) + (b * call.shape.heads + h) * length * length, length};
    for (int64_t at = 0; at < rows; at += kTile)
      write_probabilities(head, call.dropout, query + at, std::min(kTile, rows - at), p,
                          data<int32_t>(call.shape.positions_q) + row);
  });
}

// The gradients of one head's outputs, and each query's delta, for backward.
template <class F>
struct Upstream {
  Matrix<F> dout;
  Acc<F>* delta;  // [queries]
};

// A tile's dropped probabilities p and score gradients ds (already times scale).
template <class F>
struct TileGradients {
  Square<Acc<F>> p, ds;

  void compute(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t query, int64_t rows,
               int64_t key, int64_t cols) {
    using A = Acc<F>;
    known_probabilities(p, head, query, rows, key, cols);
    inner_products<F>(ds, up.dout.at(query, 0), rows, head.v.at(key, 0), cols, head.dims, A(1));
    drop(ds, head, dropout, query, rows, key, cols);
    for (int64_t i = 0; i < rows; ++i) {
      const A delta = up.delta[query + i];
      const A* probability = p.matrix().row(i);
      A* gradient = ds.matrix().row(i);
#pragma omp simd
      for (int64_t j = 0; j < cols; ++j) gradient[j] = probability[j] * (gradient[j] - delta) * head.scale;
    }
    drop(p, head, dropout, query, rows, key, cols);
  }
};

// delta = sum over keys of P dP for a tile of queries. FlashAttention takes the inner product of out and dout instead,
// which is the same number from rounded outputs: where the dP of a row are nearly equal that error is all that is left
// of their differences (3 to 4 times PyTorch's in f32, useless in bf16). Two more products in nine buy PyTorch's
// accuracy; so does dividing by the sum of P, which log_sum_exp's own rounding has moved off 1.
template <class F>
void query_deltas(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t query, int64_t rows) {
  using A = Acc<F>;
  Square<A> p, dp;
  A weighted[kTile] = {}, total[kTile] = {};
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    known_probabilities(p, head, query, rows, key, cols);
    inner_products<F>(dp, up.dout.at(query, 0), rows, head.v.at(key, 0), cols, head.dims, A(1));
    drop(dp, head, dropout, query, rows, key, cols);
    for (int64_t i = 0; i < rows; ++i) {
      const A *probability = p.matrix().row(i), *gradient = dp.matrix().row(i);
      A sum = 0, mass = 0;
#pragma omp simd reduction(+ : sum, mass)
      for (int64_t j = 0; j < cols; ++j) {
        sum += probability[j] * gradient[j];
        mass += probability[j];
      }
      weighted[i] += sum;
      total[i] += mass;
    }
  }
  for (int64_t i = 0; i < rows; ++i) up.delta[query + i] = weighted[i] / total[i];
}

// dq of one tile of queries: sum over keys of ds k.
template <class F>
void backward_queries(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t query, int64_t rows,
                      Matrix<F> dq, int64_t d, int64_t n) {
  using A = Acc<F>;
  const int64_t stride = round_up_to_lanes<A>(n);
  TileGradients<F> tile;
  Panel<A> keys, sum;
  for (int64_t i = 0; i < rows * stride; ++i) sum.data[i] = 0;
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    tile.compute(head, up, dropout, query, rows, key, cols);
    load_tile<F>(keys.matrix(stride), head.k.at(key, d), cols, n, A(1));
    multiply<A>(sum.matrix(stride), tile.ds.matrix(), keys.matrix(stride), {rows, stride, cols}, Grad::kAdd);
  }
  store_tile<F>(dq.at(0, d), sum.matrix(stride), rows, n, A(1), Grad::kAssign);
}

// dk and dv of one tile of keys: sums over queries of dsT q and pT dout.
template <class F>
void backward_keys(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t key, int64_t cols,
                   Matrix<F> dk, Matrix<F> dv, int64_t d, int64_t n) {
  using A = Acc<F>;
  const int64_t stride = round_up_to_lanes<A>(n);
  TileGradients<F> tile;
  Panel<A> rows_of, key_sum, value_sum;
  for (int64_t i = 0; i < cols * stride; ++i) key_sum.data[i] = value_sum.data[i] = 0;
  for (int64_t query = 0; query < head.queries; query += kTile) {
    const int64_t rows = std::min(kTile, head.queries - query);
    tile.compute(head, up, dropout, query, rows, key, cols);
    load_tile<F>(rows_of.matrix(stride), head.q.at(query, d), rows, n, A(1));
    multiply_transposed<A>(key_sum.matrix(stride), tile.ds.matrix(), rows_of.matrix(stride), {cols, stride, rows},
                           Grad::kAdd);
    load_tile<F>(rows_of.matrix(stride), up.dout.at(query, d), rows, n, A(1));
    multiply_transposed<A>(value_sum.matrix(stride), tile.p.matrix(), rows_of.matrix(stride), {cols, stride, rows},
                           Grad::kAdd);
  }
  store_tile<F>(dk.at(0, d), key_sum.matrix(stride), cols, n, A(1), Grad::kAssign);
  store_tile<F>(dv.at(0, d), value_sum.matrix(stride), cols, n, A(1), Grad::kAssign);
}

template <class F>
void backward(const Stream& s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor delta, const Call<F>& call) {
  const auto upstream = [&](int64_t b, int64_t h) {
    const int64_t row = Call<F>::begin(call.shape.cu_seqlens_q, b), dims = call.shape.head_size;
    return Upstream<F>{columns_of<F>({dout, 0}, row, h, dims), data<Acc<F>>(delta) + h * delta.shape[1] + row};
  };
  for_tiles(s, call, call.shape.cu_seqlens_q, kTile, [&](int64_t b, int64_t h, int64_t query, int64_t rows) {
    const Head<F> head = call.head(b, h);
    query_deltas(head, upstream(b, h), call.dropout, query, rows);
    const Matrix<F> to = columns_of<F>(dq, Call<F>::begin(call.shape.cu_seqlens_q, b) + query, h, head.dims);
    for_dims<Acc<F>>(head.dims, [&](int64_t d, int64_t n) {
      backward_queries(head, upstream(b, h), call.dropout, query, rows, to, d, n);
    });
  });
  for_tiles(s, call, call.shape.cu_seqlens_k, kTile, [&](int64_t b, int64_t h, int64_t key, int64_t cols) {
    const Head<F> head = call.head(b, h);
    const int64_t row = Call<F>::begin(call.shape.cu_seqlens_k, b) + key;
    const Matrix<F> to_k = columns_of<F>(dk, row, h, head.dims), to_v = columns_of<F>(dv, row, h, head.dims);
    for_dims<Acc<F>>(head.dims, [&](int64_t d, int64_t n) {
      backward_keys(head, upstream(b, h), call.dropout, key, cols, to_k, to_v, d, n);
    });
  });
}

}  // namespace

void attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor probabilities, Columns q, Columns k, Columns v,
                       const AttentionShape& shape, const Dropout& dropout) {
  for_float(out.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    forward<F>(s, out, probabilities, {q, k, v, log_sum_exp, shape, dropout});
  });
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Columns q, Columns k, Columns v,
                        Tensor log_sum_exp, Tensor delta, const AttentionShape& shape, const Dropout& dropout) {
  for_float(dout.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    backward<F>(s, dq, dk, dv, dout, delta, {q, k, v, log_sum_exp, shape, dropout});
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
