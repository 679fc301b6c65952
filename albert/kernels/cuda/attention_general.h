#pragma once
// Attention's kernels for any head size and type. Only attention.cu includes this file.
#include <cmath>

#include "albert/kernels/cuda/attention_tiles.h"

namespace albert::kernels::cuda {

template <class F, int kTile>
SIMT_KERNEL(kBlock)
forward_kernel(Inputs<F> in, Heads<F> out, Acc<F>* log_sum_exp) {
  using A = Acc<F>;
  using L = Lanes<kTile>;
  const Tile at =
      tile_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
  if (at.rows == 0) return;
  Parts<A, kTile> parts(in.dims);
  A *const q = parts.head_tile(), *const k = parts.head_tile(), *const v = parts.head_tile(),
           *const sum = parts.sums(), *const weights = parts.scores(), *const factor = parts.row();
  load_tile<kTile>(q, in, in.q, at.h, at.row, at.rows);
  clear(sum, kTile * in.dims);
  A most[L::kRows], mass[L::kRows], score[L::kRows];
  for (int n = 0; n < L::kRows; ++n) most[n] = -static_cast<A>(INFINITY), mass[n] = 0;
  for (int64_t key = 0; key < at.other_rows; key += kTile) {
    load_tile<kTile>(k, in, in.k, at.h, at.other_row + key, at.other_rows - key);
    load_tile<kTile>(v, in, in.v, at.h, at.other_row + key, at.other_rows - key);
    simt::barrier();
    inner_products<kTile>(score, q, k, in.dims);
    const int64_t column = key + L::column();
    for (int n = 0; n < L::kRows; ++n) {
      const int r = L::row(n);
      const A s = column < at.other_rows ? score[n] * in.scale : -static_cast<A>(INFINITY);
      const A tile_most = L::max(s), now = tile_most > most[n] ? tile_most : most[n],
              p = std::exp(s - now);
      const A keep = std::exp(most[n] - now);
      mass[n] = mass[n] * keep + L::sum(p);
      most[n] = now;
      const A kept =
          in.dropout.row_ids && r < at.rows ? keep_factor(in, at.h, at.row + r, column) : A(1);
      weights[r * L::kPitch + L::column()] = p * kept;
      if (L::column() == 0) factor[r] = keep;
    }
    simt::barrier();
    add_products<kTile, false>(sum, factor, weights, v, in.dims);
    simt::barrier();
  }
  for (int n = 0; n < L::kRows; ++n) {
    const int r = L::row(n);
    if (L::column() != 0) continue;
    factor[r] = A(1) / mass[n];
    if (r < at.rows) log_sum_exp[at.h * in.queries + at.row + r] = most[n] + std::log(mass[n]);
  }
  simt::barrier();
  store_tile(out, in, at.h, at.row, at.rows, sum, factor);
}

// The probabilities that a caller may ask for: dropout(P) goes to row positions[query] of the
// square of its sequence and head.
template <class F, int kTile>
SIMT_KERNEL(kBlock)
probabilities_kernel(Inputs<F> in, const Acc<F>* log_sum_exp, F* probabilities, int64_t length,
                     const int32_t* positions) {
  using A = Acc<F>;
  using L = Lanes<kTile>;
  const Tile at =
      tile_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
  if (at.rows == 0) return;
  Parts<A, kTile> parts(in.dims);
  A *const q = parts.head_tile(), *const k = parts.head_tile();
  load_tile<kTile>(q, in, in.q, at.h, at.row, at.rows);
  for (int64_t key = 0; key < at.other_rows; key += kTile) {
    load_tile<kTile>(k, in, in.k, at.h, at.other_row + key, at.other_rows - key);
    simt::barrier();
    A score[L::kRows];
    inner_products<kTile>(score, q, k, in.dims);
    const int64_t column = key + L::column();
    for (int n = 0; n < L::kRows; ++n) {
      const int64_t r = L::row(n), query = at.row + r;
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
template <class F, int kTile>
SIMT_KERNEL(kBlock)
backward_queries_kernel(Inputs<F> in, Upstream<F> up, Heads<F> dq) {
  using A = Acc<F>;
  using L = Lanes<kTile>;
  const Tile at =
      tile_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
  if (at.rows == 0) return;
  Parts<A, kTile> parts(in.dims);
  A *const q = parts.head_tile(), *const dout = parts.head_tile(), *const k = parts.head_tile(),
           *const v = parts.head_tile(), *const sum = parts.sums(), *const ds = parts.scores(),
           *const delta = parts.row();
  load_tile<kTile>(q, in, in.q, at.h, at.row, at.rows);
  load_tile<kTile>(dout, in, up.dout, at.h, at.row, at.rows);
  clear(sum, kTile * in.dims);
  A weighted[L::kRows] = {}, mass[L::kRows] = {};
  if (simt::thread() < kTile) delta[simt::thread()] = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t key = 0; key < at.other_rows; key += kTile) {
      load_tile<kTile>(k, in, in.k, at.h, at.other_row + key, at.other_rows - key);
      load_tile<kTile>(v, in, in.v, at.h, at.other_row + key, at.other_rows - key);
      simt::barrier();
      A score[L::kRows], dp[L::kRows];
      inner_products<kTile>(score, q, k, in.dims);
      inner_products<kTile>(dp, dout, v, in.dims);
      const int64_t column = key + L::column();
      for (int n = 0; n < L::kRows; ++n) {
        const int r = L::row(n);
        const bool inside = r < at.rows && column < at.other_rows;
        const auto of = probability_of(in, up, at.h, at.row + r, column, inside, score[n], dp[n]);
        weighted[n] += of.p * of.dp;
        mass[n] += of.p;
        ds[r * L::kPitch + L::column()] = of.p * (of.dp - delta[r]) * in.scale;
      }
      simt::barrier();
      if (pass == 1)
        add_products<kTile, false>(sum, static_cast<const A*>(nullptr), ds, k, in.dims);
      simt::barrier();
    }
    for (int n = 0; n < L::kRows && pass == 0; ++n) {
      const int r = L::row(n);
      const A total = L::sum(weighted[n]), of_one = L::sum(mass[n]);
      if (L::column() == 0 && r < at.rows) delta[r] = total / of_one;
    }
  }
  for (int n = 0; n < L::kRows; ++n) {
    const int r = L::row(n);
    if (L::column() == 0 && r < at.rows) up.delta[at.h * in.queries + at.row + r] = delta[r];
  }
  store_tile(dq, in, at.h, at.row, at.rows, sum, static_cast<const A*>(nullptr));
}

// Computes dk and dv of a tile of keys from all queries of the sequence.
template <class F, int kTile>
SIMT_KERNEL(kBlock)
backward_keys_kernel(Inputs<F> in, Upstream<F> up, Heads<F> dk, Heads<F> dv) {
  using A = Acc<F>;
  using L = Lanes<kTile>;
  const Tile at =
      tile_of<kTile>(simt::block(), in.heads, in.sequences, in.cu_seqlens_k, in.cu_seqlens_q);
  if (at.rows == 0) return;
  Parts<A, kTile> parts(in.dims);
  A *const q = parts.head_tile(), *const dout = parts.head_tile(), *const k = parts.head_tile(),
           *const v = parts.head_tile(), *const key_sum = parts.sums(),
           *const value_sum = parts.sums(), *const p = parts.scores(), *const ds = parts.scores();
  const int64_t key = at.row - in.cu_seqlens_k[at.b] + L::column();
  load_tile<kTile>(k, in, in.k, at.h, at.row, at.rows);
  load_tile<kTile>(v, in, in.v, at.h, at.row, at.rows);
  clear(key_sum, kTile * in.dims);
  clear(value_sum, kTile * in.dims);
  for (int64_t query = 0; query < at.other_rows; query += kTile) {
    load_tile<kTile>(q, in, in.q, at.h, at.other_row + query, at.other_rows - query);
    load_tile<kTile>(dout, in, up.dout, at.h, at.other_row + query, at.other_rows - query);
    simt::barrier();
    A score[L::kRows], dp[L::kRows];
    inner_products<kTile>(score, q, k, in.dims);
    inner_products<kTile>(dp, dout, v, in.dims);
    for (int n = 0; n < L::kRows; ++n) {
      const int r = L::row(n);
      const int64_t row = at.other_row + query + r;
      const bool inside = query + r < at.other_rows && L::column() < at.rows;
      const auto of = probability_of(in, up, at.h, row, key, inside, score[n], dp[n]);
      const A delta = inside ? up.delta[at.h * in.queries + row] : A(0);
      p[r * L::kPitch + L::column()] = of.p * of.kept;
      ds[r * L::kPitch + L::column()] = of.p * (of.dp - delta) * in.scale;
    }
    simt::barrier();
    add_products<kTile, true>(key_sum, static_cast<const A*>(nullptr), ds, q, in.dims);
    add_products<kTile, true>(value_sum, static_cast<const A*>(nullptr), p, dout, in.dims);
    simt::barrier();
  }
  store_tile(dk, in, at.h, at.row, at.rows, key_sum, static_cast<const A*>(nullptr));
  store_tile(dv, in, at.h, at.row, at.rows, value_sum, static_cast<const A*>(nullptr));
}

template <class F>
void general_forward(const Stream& s, const Inputs<F>& in, const Heads<F>& out,
                     Acc<F>* log_sum_exp) {
  for_tiles(in, kForwardParts, in.queries, [&](auto tile, const simt::Launch& shape) {
    simt::launch(s, shape, forward_kernel<F, decltype(tile)::value>, in, out, log_sum_exp);
  });
}

template <class F>
void general_backward(const Stream& s, const Inputs<F>& in, const Upstream<F>& up,
                      const Heads<F>& dq, const Heads<F>& dk, const Heads<F>& dv, int64_t keys) {
  for_tiles(in, kQueryParts, in.queries, [&](auto tile, const simt::Launch& shape) {
    simt::launch(s, shape, backward_queries_kernel<F, decltype(tile)::value>, in, up, dq);
  });
  for_tiles(in, kKeyParts, keys, [&](auto tile, const simt::Launch& shape) {
    simt::launch(s, shape, backward_keys_kernel<F, decltype(tile)::value>, in, up, dk, dv);
  });
}

}  // namespace albert::kernels::cuda
