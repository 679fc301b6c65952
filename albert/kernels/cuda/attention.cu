// Attention for any head size and type, in tiles of kTile queries and kTile keys, one lane per key.
// attention_tensor_cores*.h has the kernels for 16-bit heads of 64 and 128.
#include <cmath>

#include "albert/kernels/cuda/attention.h"
#include "albert/kernels/cuda/attention_tensor_cores_backward.h"

namespace albert::kernels::cuda {
namespace {

constexpr int kTile = simt::kWarp;     // queries of a tile, and keys
constexpr int kWarps = 4;              // of a block
constexpr int kRows = kTile / kWarps;  // queries of a warp: rows warp, warp + kWarps, ..
constexpr int kBlock = kWarps * simt::kWarp;
constexpr int kPitch =
    kTile +
    1;  // row pitch of a tile of scores in shared memory: odd, so that columns use all banks

// Distance in elements between two rows of a tile of heads in shared memory.
SIMT_DEVICE int pitch_of(int64_t dims) { return static_cast<int>(dims + 1 - dims % 2); }

// Fills tile [kTile, pitch] with rows of one head, and zeros after them.
template <class F>
SIMT_DEVICE void load_tile(Acc<F>* tile, const Inputs<F>& in, Heads<const F> from, int64_t h,
                           int64_t row, int64_t rows) {
  for (int64_t i = simt::thread(); i < kTile * in.dims; i += kBlock) {
    const int64_t r = i / in.dims, d = i % in.dims;
    tile[r * pitch_of(in.dims) + d] =
        r < rows ? load(from.data[(row + r) * from.stride + h * in.dims + d]) : Acc<F>(0);
  }
}

// product[n] = x[row n of this warp] . y[lane]
template <class A>
SIMT_DEVICE void inner_products(A (&product)[kRows], const A* x, const A* y, int64_t dims,
                                int pitch) {
  for (int n = 0; n < kRows; ++n) product[n] = 0;
  for (int d = 0; d < static_cast<int>(dims); ++d) {
    const A key = y[simt::lane() * pitch + d];
#pragma unroll
    for (int n = 0; n < kRows; ++n) product[n] += x[(simt::warp() + n * kWarps) * pitch + d] * key;
  }
}

// sum [kTile, dims] = keep[row] * sum + weights x, or weightsT x.  weights [kTile, kPitch], x
// [kTile, pitch]
template <bool kTransposed, class A>
SIMT_DEVICE void add_products(A* sum, const A* keep, const A* weights, const A* x, int64_t dims,
                              int pitch) {
  const int columns = static_cast<int>(dims);
  for (int i = simt::thread(); i < kTile * columns; i += kBlock) {
    const int r = i / columns, d = i % columns;
    A total = keep ? sum[i] * keep[r] : sum[i];
    for (int j = 0; j < kTile; ++j)
      total += (kTransposed ? weights[j * kPitch + r] : weights[r * kPitch + j]) * x[j * pitch + d];
    sum[i] = total;
  }
}

template <class A>
SIMT_DEVICE void clear(A* sum, int64_t n) {
  for (int64_t i = simt::thread(); i < n; i += kBlock) sum[i] = 0;
}

// rows of one head = sum [kTile, dims] * factor[row]
template <class F>
SIMT_DEVICE void store_tile(Heads<F> to, const Inputs<F>& in, int64_t h, int64_t row, int64_t rows,
                            const Acc<F>* sum, const Acc<F>* factor) {
  for (int64_t i = simt::thread(); i < rows * in.dims; i += kBlock) {
    const int64_t r = i / in.dims, d = i % in.dims;
    to.data[(row + r) * to.stride + h * in.dims + d] =
        rounded<F>(factor ? sum[i] * factor[r] : sum[i]);
  }
}

// Divides the block's shared memory into parts of type A.
template <class A>
struct Parts {
  SIMT_DEVICE A* take(int64_t n) {
    A* const part = next;
    next += n;
    return part;
  }
  A* next;
};
template <class A>
size_t parts_bytes(int64_t head_tiles, int64_t sums, int64_t score_tiles, int64_t dims) {
  const int64_t pitch = dims + 1 - dims % 2;
  return static_cast<size_t>(head_tiles * kTile * pitch + sums * kTile * dims +
                             score_tiles * kTile * kPitch + kTile) *
         sizeof(A);
}

template <class F>
SIMT_KERNEL(kBlock)
forward_kernel(Inputs<F> in, Heads<F> out, Acc<F>* log_sum_exp) {
  using A = Acc<F>;
  const Place at =
      place_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
  if (at.rows == 0) return;
  Parts<A> parts{simt::shared<A>()};
  A *const q = parts.take(kTile * pitch_of(in.dims)),
           *const k = parts.take(kTile * pitch_of(in.dims)),
           *const v = parts.take(kTile * pitch_of(in.dims)),
           *const sum = parts.take(kTile * in.dims), *const weights = parts.take(kTile * kPitch),
           *const factor = parts.take(kTile);
  const int lane = simt::lane(), warp = simt::warp();
  load_tile(q, in, in.q, at.h, at.row, at.rows);
  clear(sum, kTile * in.dims);
  A most[kRows], mass[kRows], score[kRows];
  for (int n = 0; n < kRows; ++n) most[n] = -static_cast<A>(INFINITY), mass[n] = 0;
  for (int64_t key = 0; key < at.other_rows; key += kTile) {
    load_tile(k, in, in.k, at.h, at.other_row + key, at.other_rows - key);
    load_tile(v, in, in.v, at.h, at.other_row + key, at.other_rows - key);
    simt::barrier();
    inner_products(score, q, k, in.dims, pitch_of(in.dims));
    for (int n = 0; n < kRows; ++n) {
      const int r = warp + n * kWarps;
      const A s = key + lane < at.other_rows ? score[n] * in.scale : -static_cast<A>(INFINITY);
      const A tile_most = warp_max(s), now = tile_most > most[n] ? tile_most : most[n],
              p = std::exp(s - now);
      const A keep = std::exp(most[n] - now);
      mass[n] = mass[n] * keep + warp_sum(p);
      most[n] = now;
      const A kept =
          in.dropout.row_ids && r < at.rows ? keep_factor(in, at.h, at.row + r, key + lane) : A(1);
      weights[r * kPitch + lane] = p * kept;
      if (lane == 0) factor[r] = keep;
    }
    simt::barrier();
    add_products<false>(sum, factor, weights, v, in.dims, pitch_of(in.dims));
    simt::barrier();
  }
  for (int n = 0; n < kRows; ++n) {
    const int r = warp + n * kWarps;
    if (lane != 0) continue;
    factor[r] = A(1) / mass[n];
    if (r < at.rows) log_sum_exp[at.h * in.queries + at.row + r] = most[n] + std::log(mass[n]);
  }
  simt::barrier();
  store_tile(out, in, at.h, at.row, at.rows, sum, factor);
}

// The probabilities that a caller may ask for: dropout(P) goes to row positions[query] of the
// square of its sequence and head.
template <class F>
SIMT_KERNEL(kBlock)
probabilities_kernel(Inputs<F> in, const Acc<F>* log_sum_exp, F* probabilities, int64_t length,
                     const int32_t* positions) {
  using A = Acc<F>;
  const Place at =
      place_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
  if (at.rows == 0) return;
  Parts<A> parts{simt::shared<A>()};
  A *const q = parts.take(kTile * pitch_of(in.dims)), *const k =
                                                          parts.take(kTile * pitch_of(in.dims));
  load_tile(q, in, in.q, at.h, at.row, at.rows);
  for (int64_t key = 0; key < at.other_rows; key += kTile) {
    load_tile(k, in, in.k, at.h, at.other_row + key, at.other_rows - key);
    simt::barrier();
    A score[kRows];
    inner_products(score, q, k, in.dims, pitch_of(in.dims));
    const int64_t column = key + simt::lane();
    for (int n = 0; n < kRows; ++n) {
      const int64_t r = simt::warp() + n * kWarps, query = at.row + r;
      if (r >= at.rows || column >= at.other_rows) continue;
      const A p = std::exp(score[n] * in.scale - log_sum_exp[at.h * in.queries + query]);
      probabilities[((at.b * in.heads + at.h) * length + positions[query]) * length + column] =
          rounded<F>(p * keep_factor(in, at.h, query, column));
    }
    simt::barrier();
  }
}

// For this lane's key and one query: P, the factor of dropout, and dP after dropout.
template <class A>
struct Probability {
  A p, kept, dp;
};

template <class F>
SIMT_DEVICE Probability<Acc<F>> probability_of(const Inputs<F>& in, const Upstream<F>& up,
                                               int64_t h, int64_t query, int64_t key, bool inside,
                                               Acc<F> score, Acc<F> dp) {
  using A = Acc<F>;
  if (!inside) return {A(0), A(0), A(0)};
  const A p = std::exp(score * in.scale - up.log_sum_exp[h * in.queries + query]);
  const A kept = keep_factor(in, h, query, key);
  return {p, kept, kept * dp};
}

// Computes delta (see query_deltas in cpu/attention.cpp) and dq of a tile of queries in two passes
// over its keys.
template <class F>
SIMT_KERNEL(kBlock)
backward_queries_kernel(Inputs<F> in, Upstream<F> up, Heads<F> dq) {
  using A = Acc<F>;
  const Place at =
      place_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
  if (at.rows == 0) return;
  Parts<A> parts{simt::shared<A>()};
  A *const q = parts.take(kTile * pitch_of(in.dims)),
           *const dout = parts.take(kTile * pitch_of(in.dims)),
           *const k = parts.take(kTile * pitch_of(in.dims)),
           *const v = parts.take(kTile * pitch_of(in.dims)),
           *const sum = parts.take(kTile * in.dims), *const ds = parts.take(kTile * kPitch),
           *const delta = parts.take(kTile);
  const int lane = simt::lane(), warp = simt::warp();
  load_tile(q, in, in.q, at.h, at.row, at.rows);
  load_tile(dout, in, up.dout, at.h, at.row, at.rows);
  clear(sum, kTile * in.dims);
  A weighted[kRows] = {}, mass[kRows] = {};
  if (warp == 0) delta[lane] = 0;
  for (int walk = 0; walk < 2; ++walk) {
    for (int64_t key = 0; key < at.other_rows; key += kTile) {
      load_tile(k, in, in.k, at.h, at.other_row + key, at.other_rows - key);
      load_tile(v, in, in.v, at.h, at.other_row + key, at.other_rows - key);
      simt::barrier();
      A score[kRows], dp[kRows];
      inner_products(score, q, k, in.dims, pitch_of(in.dims));
      inner_products(dp, dout, v, in.dims, pitch_of(in.dims));
      for (int n = 0; n < kRows; ++n) {
        const int r = warp + n * kWarps;
        const bool inside = r < at.rows && key + lane < at.other_rows;
        const auto of =
            probability_of(in, up, at.h, at.row + r, key + lane, inside, score[n], dp[n]);
        weighted[n] += of.p * of.dp;
        mass[n] += of.p;
        ds[r * kPitch + lane] = of.p * (of.dp - delta[r]) * in.scale;
      }
      simt::barrier();
      if (walk == 1)
        add_products<false>(sum, static_cast<const A*>(nullptr), ds, k, in.dims, pitch_of(in.dims));
      simt::barrier();
    }
    for (int n = 0; n < kRows && walk == 0; ++n) {
      const int r = warp + n * kWarps;
      const A total = warp_sum(weighted[n]), of_one = warp_sum(mass[n]);
      if (lane != 0 || r >= at.rows) continue;
      up.delta[at.h * in.queries + at.row + r] = delta[r] = total / of_one;
    }
  }
  store_tile(dq, in, at.h, at.row, at.rows, sum, static_cast<const A*>(nullptr));
}

// Computes dk and dv of a tile of keys from all queries of the sequence.
template <class F>
SIMT_KERNEL(kBlock)
backward_keys_kernel(Inputs<F> in, Upstream<F> up, Heads<F> dk, Heads<F> dv) {
  using A = Acc<F>;
  const Place at =
      place_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_k, in.cu_seqlens_q);
  if (at.rows == 0) return;
  Parts<A> parts{simt::shared<A>()};
  A *const q = parts.take(kTile * pitch_of(in.dims)),
           *const dout = parts.take(kTile * pitch_of(in.dims)),
           *const k = parts.take(kTile * pitch_of(in.dims)),
           *const v = parts.take(kTile * pitch_of(in.dims)),
           *const key_sum = parts.take(kTile * in.dims),
           *const value_sum = parts.take(kTile * in.dims), *const p = parts.take(kTile * kPitch),
           *const ds = parts.take(kTile * kPitch);
  const int lane = simt::lane(), warp = simt::warp();
  const int64_t key = at.row - in.cu_seqlens_k[at.b];
  load_tile(k, in, in.k, at.h, at.row, at.rows);
  load_tile(v, in, in.v, at.h, at.row, at.rows);
  clear(key_sum, kTile * in.dims);
  clear(value_sum, kTile * in.dims);
  for (int64_t query = 0; query < at.other_rows; query += kTile) {
    load_tile(q, in, in.q, at.h, at.other_row + query, at.other_rows - query);
    load_tile(dout, in, up.dout, at.h, at.other_row + query, at.other_rows - query);
    simt::barrier();
    A score[kRows], dp[kRows];
    inner_products(score, q, k, in.dims, pitch_of(in.dims));
    inner_products(dp, dout, v, in.dims, pitch_of(in.dims));
    for (int n = 0; n < kRows; ++n) {
      const int r = warp + n * kWarps;
      const int64_t row = at.other_row + query + r;
      const bool inside = query + r < at.other_rows && lane < at.rows;
      const auto of = probability_of(in, up, at.h, row, key + lane, inside, score[n], dp[n]);
      const A delta = inside ? up.delta[at.h * in.queries + row] : A(0);
      p[r * kPitch + lane] = of.p * of.kept;
      ds[r * kPitch + lane] = of.p * (of.dp - delta) * in.scale;
    }
    simt::barrier();
    add_products<true>(key_sum, static_cast<const A*>(nullptr), ds, q, in.dims, pitch_of(in.dims));
    add_products<true>(value_sum, static_cast<const A*>(nullptr), p, dout, in.dims,
                       pitch_of(in.dims));
    simt::barrier();
  }
  store_tile(dk, in, at.h, at.row, at.rows, key_sum, static_cast<const A*>(nullptr));
  store_tile(dv, in, at.h, at.row, at.rows, value_sum, static_cast<const A*>(nullptr));
}

template <class F>
Inputs<F> inputs_of(const Columns& q, const Columns& k, const Columns& v,
                    const AttentionShape& shape, const Dropout& dropout) {
  return {heads_of<const F>(q),
          heads_of<const F>(k),
          heads_of<const F>(v),
          data<const int32_t>(shape.cu_seqlens_q),
          data<const int32_t>(shape.cu_seqlens_k),
          shape.cu_seqlens_q.shape[0] - 1,
          shape.heads,
          shape.head_size,
          q.matrix.shape[0],
          static_cast<Acc<F>>(1 / std::sqrt(static_cast<double>(shape.head_size))),
          DropoutFactors<Acc<F>>(dropout)};
}

}  // namespace

void attention_forward(Stream s, Tensor out, Tensor log_sum_exp, Tensor probabilities, Columns q,
                       Columns k, Columns v, const AttentionShape& shape, const Dropout& dropout) {
  for_float(out.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const Inputs<F> in = inputs_of<F>(q, k, v, shape, dropout);
    const int64_t blocks = in.heads * most_tiles<kTile>(in.queries, in.sequences);
    const Heads<F> to = heads_of<F>({out, 0});
    if (!tensor_core_forward(s, in, to, data<A>(log_sum_exp)))
      simt::launch(s, {blocks, kBlock, parts_bytes<A>(3, 1, 1, in.dims)}, forward_kernel<F>, in, to,
                   data<A>(log_sum_exp));
    if (!probabilities) return;
    simt::launch(s, {blocks, kBlock, parts_bytes<A>(2, 0, 0, in.dims)}, probabilities_kernel<F>, in,
                 data<const A>(log_sum_exp), data<F>(probabilities), probabilities.shape[3],
                 data<const int32_t>(shape.positions_q));
  });
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Columns q,
                        Columns k, Columns v, Tensor log_sum_exp, Tensor delta,
                        const AttentionShape& shape, const Dropout& dropout) {
  for_float(dout.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const Inputs<F> in = inputs_of<F>(q, k, v, shape, dropout);
    const Upstream<F> up{heads_of<const F>({dout, 0}), data<const A>(log_sum_exp), data<A>(delta)};
    const Heads<F> to_q = heads_of<F>(dq), to_k = heads_of<F>(dk), to_v = heads_of<F>(dv);
    const int64_t keys = k.matrix.shape[0];
    if (tensor_core_backward(s, in, up, to_q, to_k, to_v, keys)) return;
    simt::launch(s,
                 {in.heads * most_tiles<kTile>(in.queries, in.sequences), kBlock,
                  parts_bytes<A>(4, 1, 1, in.dims)},
                 backward_queries_kernel<F>, in, up, to_q);
    simt::launch(s,
                 {in.heads * most_tiles<kTile>(keys, in.sequences), kBlock,
                  parts_bytes<A>(4, 2, 2, in.dims)},
                 backward_keys_kernel<F>, in, up, to_k, to_v);
  });
}

}  // namespace albert::kernels::cuda
