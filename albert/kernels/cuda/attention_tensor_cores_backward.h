#pragma once
// Attention's backward on tensor cores, for the heads that attention_tensor_cores.h takes. As in
// the general kernels a block owns its queries, or its keys: no atomics. Only attention.cu includes
// this file.
#include "albert/kernels/cuda/attention_tensor_cores.h"

namespace albert::kernels::cuda {

using TileScores = float[2 * kKeyPairs][4];  // of the warp's 16 rows against 64 columns

// product = rows columnsT: the warp's 16 rows of one tile times all rows of another.
template <class F, int kDims>
SIMT_DEVICE void tile_products(TileScores& product, const SharedTile<F, kDims>& rows,
                               const SharedTile<F, kDims>& columns) {
  const int lane = simt::lane();
#pragma unroll
  for (int n = 0; n < 2 * kKeyPairs; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i) product[n][i] = 0;
#pragma unroll
  for (int d = 0; d < kDims / 16; ++d) {
    uint32_t row[4];
    simt::load_matrices<false>(row, rows.at(simt::warp() * 16 + lane % 16, d * 16 + lane / 16 * 8));
#pragma unroll
    for (int n = 0; n < kKeyPairs; ++n) {
      uint32_t column[4];
      simt::load_matrices<false>(
          column, columns.at(n * 16 + lane % 8 + lane / 16 * 8, d * 16 + lane / 8 % 2 * 8));
      simt::multiply_add<F>(product[2 * n], row, column[0], column[1]);
      simt::multiply_add<F>(product[2 * n + 1], row, column[2], column[3]);
    }
  }
}

// Calls body(n, r, e) for the lane's elements of its scores.
template <class Body>
SIMT_DEVICE void over_scores(const Body& body) {
#pragma unroll
  for (int n = 0; n < 2 * kKeyPairs; ++n)
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
      for (int e = 0; e < 2; ++e) body(n, r, e);
}

// Writes sum to the rows of a gradient that belong to the block's tile.
template <class F, int kDims>
SIMT_DEVICE void store_gradient(const Heads<F>& to, const Place& at,
                                const float (&sum)[kDims / 8][4]) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (row_of(r) >= at.rows) continue;
#pragma unroll
    for (int n = 0; n < kDims / 8; ++n) {
      const float pair[2] = {sum[n][2 * r], sum[n][2 * r + 1]};
      store_pack<2>(to.data + (at.row + row_of(r)) * to.stride + at.h * kDims + column_of(n, 0),
                    pair, Grad::kAssign);
    }
  }
}

SIMT_DEVICE void land_copies() {
  simt::commit_copies();
  simt::wait_copies<0>();
  simt::barrier();
}

template <class F, int kDims>
SIMT_KERNEL(kTensorBlock)
tensor_core_queries_kernel(Inputs<F> in, Upstream<F> up, Heads<F> dq) {
  using Tile = SharedTile<F, kDims>;
  const Place at = place_of<kTensorRows>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q,
                                         in.cu_seqlens_k);
  if (at.rows == 0) return;
  F* const memory = simt::shared<F>();
  const Tile q{memory}, dout{memory + Tile::kElements}, k{memory + 2 * Tile::kElements},
      v{memory + 3 * Tile::kElements};
  q.copy(in.q, at.h, at.row, at.rows);
  dout.copy(up.dout, at.h, at.row, at.rows);
  const float scale = static_cast<float>(static_cast<double>(in.scale) * kLog2E);
  float lse[2] = {}, weighted[2] = {}, mass[2] = {}, delta[2] = {};
  for (int r = 0; r < 2; ++r)
    if (row_of(r) < at.rows)
      lse[r] = up.log_sum_exp[at.h * in.queries + at.row + row_of(r)] * static_cast<float>(kLog2E);
  float sum[kDims / 8][4] = {};
  for (int walk = 0; walk < 2; ++walk) {
    for (int64_t key = 0; key < at.other_rows; key += kTensorKeys) {
      k.copy(in.k, at.h, at.other_row + key, at.other_rows - key);
      v.copy(in.v, at.h, at.other_row + key, at.other_rows - key);
      land_copies();
      TileScores p, dp;
      tile_products(p, q, k);
      tile_products(dp, dout, v);
      over_scores([&](int n, int r, int e) {
        const int64_t column = key + column_of(n, e);
        const bool inside = row_of(r) < at.rows && column < at.other_rows;
        float& of = p[n][2 * r + e];
        of = inside ? std::exp2(of * scale - lse[r]) : 0.0F;
        const float kept =
            inside ? keep_factor(in, at.h, at.row + row_of(r), column) * dp[n][2 * r + e] : 0.0F;
        weighted[r] += of * kept;
        mass[r] += of;
        of *= (kept - delta[r]) * in.scale;
      });
      if (walk == 1) value_products(sum, p, k);
      simt::barrier();
    }
    for (int r = 0; r < 2 && walk == 0; ++r) {
      const float total = row_sum(weighted[r]), of_one = row_sum(mass[r]);
      if (row_of(r) >= at.rows) continue;
      delta[r] = total / of_one;
      if (simt::lane() % 4 == 0) up.delta[at.h * in.queries + at.row + row_of(r)] = delta[r];
    }
  }
  store_gradient<F, kDims>(dq, at, sum);
}

// Here keys are rows of the scores and queries are columns. dv and dk each take a pass over the
// queries, because both sums at once would not fit the registers.
template <class F, int kDims>
SIMT_KERNEL(kTensorBlock)
tensor_core_keys_kernel(Inputs<F> in, Upstream<F> up, Heads<F> dk, Heads<F> dv) {
  using Tile = SharedTile<F, kDims>;
  const Place at = place_of<kTensorRows>(simt::block(), in.heads, in.sequences, in.cu_seqlens_k,
                                         in.cu_seqlens_q);
  if (at.rows == 0) return;
  F* const memory = simt::shared<F>();
  const Tile k{memory}, v{memory + Tile::kElements}, q{memory + 2 * Tile::kElements},
      dout{memory + 3 * Tile::kElements};
  k.copy(in.k, at.h, at.row, at.rows);
  v.copy(in.v, at.h, at.row, at.rows);
  const int64_t first_key = at.row - in.cu_seqlens_k[at.b];
  const float scale = static_cast<float>(static_cast<double>(in.scale) * kLog2E);
  const float* const log_sum_exp = up.log_sum_exp + at.h * in.queries + at.other_row;
  const float* const delta = up.delta + at.h * in.queries + at.other_row;
  const int queries = static_cast<int>(at.other_rows);
#pragma unroll 1
  for (int walk = 0; walk < 2; ++walk) {
    float sum[kDims / 8][4] = {};
    for (int query = 0; query < queries; query += kTensorRows) {
      q.copy(in.q, at.h, at.other_row + query, at.other_rows - query);
      dout.copy(up.dout, at.h, at.other_row + query, at.other_rows - query);
      land_copies();
      TileScores p, dp;
      tile_products(p, k, q);
      if (walk == 1) tile_products(dp, v, dout);
      over_scores([&](int n, int r, int e) {
        const int column = query + column_of(n, e);
        const bool inside = row_of(r) < at.rows && column < queries;
        float& of = p[n][2 * r + e];
        const float lse = inside ? log_sum_exp[column] * static_cast<float>(kLog2E) : 0.0F;
        const float share = inside ? std::exp2(of * scale - lse) : 0.0F;
        const float kept =
            inside ? keep_factor(in, at.h, at.other_row + column, first_key + row_of(r)) : 0.0F;
        of = share * kept;
        if (walk == 1)
          of = inside ? share * (kept * dp[n][2 * r + e] - delta[column]) * in.scale : 0.0F;
      });
      value_products(sum, p, walk == 0 ? dout : q);
      simt::barrier();
    }
    store_gradient<F, kDims>({walk == 0 ? dv.data : dk.data, walk == 0 ? dv.stride : dk.stride}, at,
                             sum);
  }
  simt::wait_copies<0>();
}

template <class F, int kDims>
inline void launch_tensor_core_backward(const Stream& s, const Inputs<F>& in, const Upstream<F>& up,
                                        const Heads<F>& dq, const Heads<F>& dk, const Heads<F>& dv,
                                        int64_t keys) {
  constexpr size_t kBytes = 4 * SharedTile<F, kDims>::kElements * sizeof(F);
  simt::launch(s,
               {in.heads * most_tiles<kTensorRows>(in.queries, in.sequences), kTensorBlock, kBytes},
               tensor_core_queries_kernel<F, kDims>, in, up, dq);
  simt::launch(s, {in.heads * most_tiles<kTensorRows>(keys, in.sequences), kTensorBlock, kBytes},
               tensor_core_keys_kernel<F, kDims>, in, up, dk, dv);
}

// Returns false and launches nothing if other kernels must do it.
template <class F>
inline bool tensor_core_backward(const Stream& s, const Inputs<F>& in, const Upstream<F>& up,
                                 const Heads<F>& dq, const Heads<F>& dk, const Heads<F>& dv,
                                 int64_t keys) {
  if constexpr (sizeof(F) != 2) {
    return false;
  } else {
    if (!tensor_cores_take(in) || !heads_are_aligned(up.dout, in.dims) ||
        !heads_are_aligned(dq, in.dims) || !heads_are_aligned(dk, in.dims) ||
        !heads_are_aligned(dv, in.dims))
      return false;
    in.dims == 64 ? launch_tensor_core_backward<F, 64>(s, in, up, dq, dk, dv, keys)
                  : launch_tensor_core_backward<F, 128>(s, in, up, dq, dk, dv, keys);
    return true;
  }
}

}  // namespace albert::kernels::cuda
