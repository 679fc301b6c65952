#include "albert/kernels/attention.h"

#include <algorithm>
#include <limits>

#include "albert/kernels/cpu/attention_head.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// The softmax of a tile of queries while tiles of keys pass by: its maxima and sums so far.
template <class A>
struct RunningSoftmax {
  A max[kTile], sum[kTile];
  RunningSoftmax() {
    for (int64_t i = 0; i < kTile; ++i) max[i] = -std::numeric_limits<A>::infinity(), sum[i] = 0;
  }
  // Turns row i of scores into exp(score - max). Returns the factor by which sums over earlier keys
  // must be scaled.
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

// A tile of queries, and what it has summed over the keys it has seen.
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
  // Sets p to the scores against a tile of transposed keys, over dimensions [d, d + n), or adds
  // them. Queries that fit one block of dimensions are loaded once for all keys.
  void score(const Head<F>& head, Matrix<A> keys, int64_t key, int64_t cols, int64_t d, int64_t n) {
    const Matrix<A> mine = queries.matrix(round_up_to_lanes<A>(n));
    if (key == 0 || n < head.dims) load_tile<F>(mine, head.q.at(query, d), rows, n, head.scale);
    multiply<A>(p.matrix(), mine, keys, {rows, round_up_to_lanes<A>(cols), n},
                d == 0 ? Grad::kAssign : Grad::kAdd);
  }
  void add(const Head<F>& head, const Dropout& dropout, Matrix<A> values, int64_t key,
           int64_t cols) {
    for (int64_t i = 0; i < rows; ++i) {
      const A before = softmax.take(p.matrix().row(i), cols, i);
      A* sum = sums.matrix(values.stride).row(i);
#pragma omp simd
      for (int64_t j = 0; j < values.stride; ++j) sum[j] *= before;
    }
    drop(p, head, dropout, query, rows, key, cols);
    multiply<A>(sums.matrix(values.stride), p.matrix(), values, {rows, values.stride, cols},
                Grad::kAdd);
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

// Computes dimensions [d, d + n) of the outputs of up to kTogether tiles of queries, and their
// log-sum-exps. Keys and values are laid out once for all of these tiles.
constexpr int64_t kTogether = 4;
template <class F>
void forward_tiles(const Head<F>& head, const Dropout& dropout, int64_t query, int64_t rows,
                   Matrix<F> out, int64_t d, int64_t n) {
  using A = Acc<F>;
  const int64_t stride = round_up_to_lanes<A>(n), count = blocks_of(rows, kTile);
  ForwardTile<F> tiles[kTogether];
  Panel<A> keys, values;
  for (int64_t t = 0; t < count; ++t)
    tiles[t].begin(query + t * kTile, std::min(kTile, rows - t * kTile), stride);
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    for_dims<A>(head.dims, [&](int64_t begin, int64_t dims) {
      turn<F>(keys.matrix(kTile), head.k.at(key, begin), cols, dims);
      for (int64_t t = 0; t < count; ++t)
        tiles[t].score(head, keys.matrix(kTile), key, cols, begin, dims);
    });
    load_tile<F>(values.matrix(stride), head.v.at(key, d), cols, n, A(1));
    for (int64_t t = 0; t < count; ++t)
      tiles[t].add(head, dropout, values.matrix(stride), key, cols);
  }
  for (int64_t t = 0; t < count; ++t) tiles[t].store(head, out.at(t * kTile, d), n);
}

// A task takes several tiles of queries, as long as every thread gets some tasks. The number of
// tiles in a task does not change its results.
template <class F>
int64_t tiles_together(const Stream& s, const Call<F>& call) {
  constexpr int64_t kTasksAThread = 8;
  const int64_t tiles = blocks_of(longest_sequence(call, call.shape.cu_seqlens_q), kTile);
  const int64_t tasks = call.sequences() * call.shape.heads * tiles;
  return std::clamp<int64_t>(tasks / (kTasksAThread * s.threads), 1, kTogether);
}

// Writes rows positions[query + i] of the [S, S] probabilities, after dropout.
template <class F>
void write_probabilities(const Head<F>& head, const Dropout& dropout, int64_t query, int64_t rows,
                         Matrix<F> to, const int32_t* positions) {
  Square<Acc<F>> p;
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    known_probabilities(p, head, query, rows, key, cols);
    drop(p, head, dropout, query, rows, key, cols);
    for (int64_t i = 0; i < rows; ++i)
      store_tile<F>(to.at(positions[query + i], key), p.matrix().at(i, 0), 1, cols, Acc<F>(1),
                    Grad::kAssign);
  }
}

template <class F>
void forward(const Stream& s, Tensor out, Tensor probabilities, const Call<F>& call) {
  const int64_t size = kTile * tiles_together(s, call);
  for_tiles(s, call, call.shape.cu_seqlens_q, size,
            [&](int64_t b, int64_t h, int64_t query, int64_t rows) {
              const Head<F> head = call.head(b, h);
              const int64_t row = Call<F>::begin(call.shape.cu_seqlens_q, b);
              const Matrix<F> to = columns_of<F>({out, 0}, row + query, h, head.dims);
              for_dims<Acc<F>>(head.dims, [&](int64_t d, int64_t n) {
                forward_tiles(head, call.dropout, query, rows, to, d, n);
              });
              if (!probabilities) return;
              const int64_t length = probabilities.shape[3];
              const Matrix<F> p{
                  data<F>(probabilities) + (b * call.shape.heads + h) * length * length, length};
              for (int64_t at = 0; at < rows; at += kTile)
                write_probabilities(head, call.dropout, query + at, std::min(kTile, rows - at), p,
                                    data<int32_t>(call.shape.positions_q) + row);
            });
}

// Backward's inputs for one head: the gradients of its outputs, and delta of each query.
template <class F>
struct Upstream {
  Matrix<F> dout;
  Acc<F>* delta;  // [queries]
};

// Holds a tile's probabilities p after dropout and the gradients ds of its scores, times scale.
template <class F>
struct TileGradients {
  Square<Acc<F>> p, ds;

  void compute(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t query,
               int64_t rows, int64_t key, int64_t cols) {
    using A = Acc<F>;
    known_probabilities(p, head, query, rows, key, cols);
    inner_products<F>(ds, up.dout.at(query, 0), rows, head.v.at(key, 0), cols, head.dims, A(1));
    drop(ds, head, dropout, query, rows, key, cols);
    for (int64_t i = 0; i < rows; ++i) {
      const A delta = up.delta[query + i];
      const A* probability = p.matrix().row(i);
      A* gradient = ds.matrix().row(i);
#pragma omp simd
      for (int64_t j = 0; j < cols; ++j)
        gradient[j] = probability[j] * (gradient[j] - delta) * head.scale;
    }
    drop(p, head, dropout, query, rows, key, cols);
  }
};

// Computes delta, the sum of P dP over keys, for a tile of queries. FlashAttention takes the inner
// product of out and dout instead, which equals it but for the rounding of out. Where the dP of a
// row are nearly equal, that rounding hides their differences: errors were 3 to 4 times PyTorch's
// in f32, and in bf16 nothing was left. Two more matmuls in nine buy PyTorch's accuracy. Dividing
// by the sum of P is part of it, since the rounding of log_sum_exp has moved that sum off 1.
template <class F>
void query_deltas(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t query,
                  int64_t rows) {
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

// Computes dq of one tile of queries, the sum of ds k over keys.
template <class F>
void backward_queries(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout,
                      int64_t query, int64_t rows, Matrix<F> dq, int64_t d, int64_t n) {
  using A = Acc<F>;
  const int64_t stride = round_up_to_lanes<A>(n);
  TileGradients<F> tile;
  Panel<A> keys, sum;
  for (int64_t i = 0; i < rows * stride; ++i) sum.data[i] = 0;
  for (int64_t key = 0; key < head.keys; key += kTile) {
    const int64_t cols = std::min(kTile, head.keys - key);
    tile.compute(head, up, dropout, query, rows, key, cols);
    load_tile<F>(keys.matrix(stride), head.k.at(key, d), cols, n, A(1));
    multiply<A>(sum.matrix(stride), tile.ds.matrix(), keys.matrix(stride), {rows, stride, cols},
                Grad::kAdd);
  }
  store_tile<F>(dq.at(0, d), sum.matrix(stride), rows, n, A(1), Grad::kAssign);
}

// Computes dk and dv of one tile of keys, the sums of dsT q and of pT dout over queries.
template <class F>
void backward_keys(const Head<F>& head, const Upstream<F>& up, const Dropout& dropout, int64_t key,
                   int64_t cols, Matrix<F> dk, Matrix<F> dv, int64_t d, int64_t n) {
  using A = Acc<F>;
  const int64_t stride = round_up_to_lanes<A>(n);
  TileGradients<F> tile;
  Panel<A> rows_of, key_sum, value_sum;
  for (int64_t i = 0; i < cols * stride; ++i) key_sum.data[i] = value_sum.data[i] = 0;
  for (int64_t query = 0; query < head.queries; query += kTile) {
    const int64_t rows = std::min(kTile, head.queries - query);
    tile.compute(head, up, dropout, query, rows, key, cols);
    load_tile<F>(rows_of.matrix(stride), head.q.at(query, d), rows, n, A(1));
    multiply_transposed<A>(key_sum.matrix(stride), tile.ds.matrix(), rows_of.matrix(stride),
                           {cols, stride, rows}, Grad::kAdd);
    load_tile<F>(rows_of.matrix(stride), up.dout.at(query, d), rows, n, A(1));
    multiply_transposed<A>(value_sum.matrix(stride), tile.p.matrix(), rows_of.matrix(stride),
                           {cols, stride, rows}, Grad::kAdd);
  }
  store_tile<F>(dk.at(0, d), key_sum.matrix(stride), cols, n, A(1), Grad::kAssign);
  store_tile<F>(dv.at(0, d), value_sum.matrix(stride), cols, n, A(1), Grad::kAssign);
}

template <class F>
void backward(const Stream& s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor delta,
              const Call<F>& call) {
  const auto upstream = [&](int64_t b, int64_t h) {
    const int64_t row = Call<F>::begin(call.shape.cu_seqlens_q, b), dims = call.shape.head_size;
    return Upstream<F>{columns_of<F>({dout, 0}, row, h, dims),
                       data<Acc<F>>(delta) + h * delta.shape[1] + row};
  };
  for_tiles(s, call, call.shape.cu_seqlens_q, kTile,
            [&](int64_t b, int64_t h, int64_t query, int64_t rows) {
              const Head<F> head = call.head(b, h);
              query_deltas(head, upstream(b, h), call.dropout, query, rows);
              const Matrix<F> to = columns_of<F>(
                  dq, Call<F>::begin(call.shape.cu_seqlens_q, b) + query, h, head.dims);
              for_dims<Acc<F>>(head.dims, [&](int64_t d, int64_t n) {
                backward_queries(head, upstream(b, h), call.dropout, query, rows, to, d, n);
              });
            });
  for_tiles(s, call, call.shape.cu_seqlens_k, kTile,
            [&](int64_t b, int64_t h, int64_t key, int64_t cols) {
              const Head<F> head = call.head(b, h);
              const int64_t row = Call<F>::begin(call.shape.cu_seqlens_k, b) + key;
              const Matrix<F> to_k = columns_of<F>(dk, row, h, head.dims),
                              to_v = columns_of<F>(dv, row, h, head.dims);
              for_dims<Acc<F>>(head.dims, [&](int64_t d, int64_t n) {
                backward_keys(head, upstream(b, h), call.dropout, key, cols, to_k, to_v, d, n);
              });
            });
}

}  // namespace

void attention_forward(Stream s, Tensor out, Tensor /*out_error*/, Tensor log_sum_exp,
                       Tensor probabilities, Columns q, Columns k, Columns v,
                       const AttentionShape& shape, const Dropout& dropout) {
  for_float(out.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    forward<F>(s, out, probabilities, {q, k, v, log_sum_exp, shape, dropout});
  });
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor /*out*/,
                        Tensor /*out_error*/, Columns q, Columns k, Columns v, Tensor log_sum_exp,
                        Tensor workspace, const AttentionShape& shape, const Dropout& dropout) {
  const Tensor delta{workspace.data, log_sum_exp.shape, log_sum_exp.dtype};
  for_float(dout.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    backward<F>(s, dq, dk, dv, dout, delta, {q, k, v, log_sum_exp, shape, dropout});
  });
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
