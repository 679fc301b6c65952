#pragma once
// Attention's forward on tensor cores: 16-bit heads of 64 and 128, after FlashAttention-2 (Dao,
// 2023). A warp has 16 queries, whose scores and sums stay in its registers; keys and values come
// in double-buffered tiles. Only attention.cu includes this file.
#include <cmath>

#include "albert/kernels/cuda/attention.h"

namespace albert::kernels::cuda {

constexpr int kTensorWarps = 4;
constexpr int kTensorBlock = kTensorWarps * simt::kWarp;
constexpr int kTensorRows = 16 * kTensorWarps;  // queries of a block
constexpr int kTensorKeys = 64;                 // of a tile
constexpr int kKeyPairs =
    kTensorKeys /
    16;  // pairs of 8 keys: a tensor-core instruction takes 8, and they are loaded two at a time
constexpr double kLog2E = 1.44269504088896340736;

// A tile of one head in shared memory. Its pitch keeps eight rows in different banks.
template <class F, int kDims>
struct SharedTile {
  static constexpr int kPitch = kDims + 8;
  static constexpr int kElements = kTensorKeys * kPitch;
  static_assert(kTensorRows == kTensorKeys);

  // Starts copying `rows` rows of one head; zeros beyond them.
  SIMT_DEVICE void copy(const Heads<const F>& from, int64_t h, int64_t row, int64_t rows) const {
    constexpr int kPacks = kDims / kPack<F>;
    for (int i = simt::thread(); i < kTensorKeys * kPacks; i += kTensorBlock) {
      const int r = i / kPacks, d = i % kPacks * kPack<F>;
      const bool inside = r < rows;
      const F* const source = from.data + (row + (inside ? r : 0)) * from.stride + h * kDims + d;
      simt::copy_async(data + r * kPitch + d, source, inside);
    }
  }
  SIMT_DEVICE const F* at(int row, int column) const { return data + row * kPitch + column; }

  F* data;
};

// The lane's part of the warp's 16 queries: scores of 64 keys, or 8 columns of out at a time.
// Element [n][2 r + e] is row lane / 4 + 8 r, column 8 n + 2 (lane % 4) + e.
SIMT_DEVICE int row_of(int r) { return simt::warp() * 16 + simt::lane() / 4 + 8 * r; }
SIMT_DEVICE int column_of(int n, int e) { return 8 * n + simt::lane() % 4 * 2 + e; }

// Reduces v over the four lanes that share a row.
template <class A>
SIMT_DEVICE A row_sum(A v) {
  for (int mask = 1; mask < 4; mask *= 2) v += simt::shuffle_xor(v, mask);
  return v;
}
template <class A>
SIMT_DEVICE A row_max(A v) {
  for (int mask = 1; mask < 4; mask *= 2) {
    const A other = simt::shuffle_xor(v, mask);
    v = other > v ? other : v;
  }
  return v;
}

template <class F>
SIMT_DEVICE uint32_t pair_of(float low, float high) {
  return simt::round_pair_to<F>(low, high);
}

// scores = q kT
template <class F, int kDims>
SIMT_DEVICE void score_products(float (&score)[2 * kKeyPairs][4],
                                const uint32_t (&query)[kDims / 16][4],
                                const SharedTile<F, kDims>& keys) {
  const int lane = simt::lane();
#pragma unroll
  for (int n = 0; n < kKeyPairs; ++n)
#pragma unroll
    for (int d = 0; d < kDims / 16; ++d) {
      uint32_t key[4];
      simt::load_matrices<false>(
          key, keys.at(n * 16 + lane % 8 + lane / 16 * 8, d * 16 + lane / 8 % 2 * 8));
      simt::multiply_add<F>(score[2 * n], query[d], key[0], key[1]);
      simt::multiply_add<F>(score[2 * n + 1], query[d], key[2], key[3]);
    }
}

// sum += weights v
template <class F, int kDims>
SIMT_DEVICE void value_products(float (&sum)[kDims / 8][4], const float (&weight)[2 * kKeyPairs][4],
                                const SharedTile<F, kDims>& values) {
  const int lane = simt::lane();
#pragma unroll
  for (int n = 0; n < kKeyPairs; ++n) {
    const uint32_t rows[4] = {pair_of<F>(weight[2 * n][0], weight[2 * n][1]),
                              pair_of<F>(weight[2 * n][2], weight[2 * n][3]),
                              pair_of<F>(weight[2 * n + 1][0], weight[2 * n + 1][1]),
                              pair_of<F>(weight[2 * n + 1][2], weight[2 * n + 1][3])};
#pragma unroll
    for (int d = 0; d < kDims / 16; ++d) {
      uint32_t value[4];
      simt::load_matrices<true>(value, values.at(n * 16 + lane % 16, d * 16 + lane / 16 * 8));
      simt::multiply_add<F>(sum[2 * d], rows, value[0], value[1]);
      simt::multiply_add<F>(sum[2 * d + 1], rows, value[2], value[3]);
    }
  }
}

// The running soft-max of the lane's two rows, in powers of two.
struct RunningRows {
  float most[2] = {-INFINITY, -INFINITY}, mass[2] = {0, 0};

  // Turns scores of `keys` keys into exp(score - maximum); earlier sums must be scaled by keep.
  SIMT_DEVICE void take(float (&score)[2 * kKeyPairs][4], float (&keep)[2], int64_t keys,
                        float scale) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float now = most[r];
#pragma unroll
      for (int n = 0; n < 2 * kKeyPairs; ++n)
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          float& s = score[n][2 * r + e];
          s = column_of(n, e) < keys ? s * scale : -INFINITY;
          now = s > now ? s : now;
        }
      now = row_max(now);
      keep[r] = std::exp2(most[r] - now);
      most[r] = now;
      float total = 0;
#pragma unroll
      for (int n = 0; n < 2 * kKeyPairs; ++n)
#pragma unroll
        for (int e = 0; e < 2; ++e)
          total += score[n][2 * r + e] = std::exp2(score[n][2 * r + e] - now);
      mass[r] = mass[r] * keep[r] + row_sum(total);
    }
  }
};

template <class F>
SIMT_DEVICE void drop(float (&weight)[2 * kKeyPairs][4], const Inputs<F>& in, const Place& at,
                      int64_t key) {
  if (!in.dropout.row_ids) return;
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (row_of(r) >= at.rows) continue;
#pragma unroll
    for (int n = 0; n < 2 * kKeyPairs; ++n) {
      float factor[2];
      in.dropout.fill(factor, at.row + row_of(r), at.h * 65536 + key + column_of(n, 0));
      weight[n][2 * r] *= factor[0];
      weight[n][2 * r + 1] *= factor[1];
    }
  }
}

template <class F, int kDims>
SIMT_DEVICE void store_rows(const Heads<F>& out, float* log_sum_exp, const Inputs<F>& in,
                            const Place& at, const float (&sum)[kDims / 8][4],
                            const RunningRows& softmax) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const int64_t row = at.row + row_of(r);
    if (row_of(r) >= at.rows) continue;
    const float share = 1 / softmax.mass[r];
#pragma unroll
    for (int n = 0; n < kDims / 8; ++n) {
      const float pair[2] = {sum[n][2 * r] * share, sum[n][2 * r + 1] * share};
      store_pack<2>(out.data + row * out.stride + at.h * kDims + column_of(n, 0), pair,
                    Grad::kAssign);
    }
    if (simt::lane() % 4 == 0)
      log_sum_exp[at.h * in.queries + row] =
          (softmax.most[r] + std::log2(softmax.mass[r])) * static_cast<float>(1 / kLog2E);
  }
}

template <class F, int kDims>
SIMT_KERNEL(kTensorBlock)
tensor_core_forward_kernel(Inputs<F> in, Heads<F> out, float* log_sum_exp) {
  using Tile = SharedTile<F, kDims>;
  const Place at = place_of<kTensorRows>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q,
                                         in.cu_seqlens_k);
  if (at.rows == 0) return;
  F* const memory = simt::shared<F>();
  const Tile queries{memory};
  const auto keys = [&](int buffer) { return Tile{memory + (1 + 2 * buffer) * Tile::kElements}; };
  const auto values = [&](int buffer) { return Tile{memory + (2 + 2 * buffer) * Tile::kElements}; };
  const auto fetch = [&](int64_t key, int buffer) {
    keys(buffer).copy(in.k, at.h, at.other_row + key, at.other_rows - key);
    values(buffer).copy(in.v, at.h, at.other_row + key, at.other_rows - key);
  };
  const float scale = static_cast<float>(static_cast<double>(in.scale) * kLog2E);
  const int lane = simt::lane();
  queries.copy(in.q, at.h, at.row, at.rows);
  fetch(0, 0);
  simt::commit_copies();
  uint32_t query[kDims / 16][4];
  float sum[kDims / 8][4] = {};
  RunningRows softmax;
  int buffer = 0;
  for (int64_t key = 0; key < at.other_rows; key += kTensorKeys, buffer ^= 1) {
    if (key + kTensorKeys < at.other_rows) fetch(key + kTensorKeys, buffer ^ 1);
    simt::commit_copies();
    simt::wait_copies<1>();
    simt::barrier();
    if (key == 0)
#pragma unroll
      for (int d = 0; d < kDims / 16; ++d)
        simt::load_matrices<false>(
            query[d], queries.at(simt::warp() * 16 + lane % 16, d * 16 + lane / 16 * 8));
    float score[2 * kKeyPairs][4] = {}, keep[2];
    score_products(score, query, keys(buffer));
    softmax.take(score, keep, at.other_rows - key, scale);
    drop(score, in, at, key);
#pragma unroll
    for (int n = 0; n < kDims / 8; ++n)
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[n][i] *= keep[i / 2];
    value_products(sum, score, values(buffer));
    simt::barrier();
  }
  simt::wait_copies<0>();
  store_rows<F, kDims>(out, log_sum_exp, in, at, sum, softmax);
}

// True if every row of every head begins at a multiple of 16 bytes.
template <class F>
inline bool heads_are_aligned(const Heads<F>& heads, int64_t dims) {
  return dims % kPack<F> == 0 && packs_fit<F>(heads.stride, heads.data);
}

template <class F>
inline bool tensor_cores_take(const Inputs<F>& in) {
  return (in.dims == 64 || in.dims == 128) && heads_are_aligned(in.q, in.dims) &&
         heads_are_aligned(in.k, in.dims) && heads_are_aligned(in.v, in.dims);
}

template <class F, int kDims>
inline void launch_tensor_core_forward(const Stream& s, const Inputs<F>& in, const Heads<F>& out,
                                       float* log_sum_exp) {
  constexpr size_t kBytes = 5 * SharedTile<F, kDims>::kElements * sizeof(F);
  simt::launch(s,
               {in.heads * most_tiles<kTensorRows>(in.queries, in.sequences), kTensorBlock, kBytes},
               tensor_core_forward_kernel<F, kDims>, in, out, log_sum_exp);
}

// Returns false and launches nothing if another kernel must do it: for other types, head sizes or
// alignments.
template <class F, class A>
inline bool tensor_core_forward(const Stream& s, const Inputs<F>& in, const Heads<F>& out,
                                A* log_sum_exp) {
  if constexpr (sizeof(F) != 2) {
    return false;
  } else {
    if (!tensor_cores_take(in) || !heads_are_aligned(out, in.dims)) return false;
    in.dims == 64 ? launch_tensor_core_forward<F, 64>(s, in, out, log_sum_exp)
                  : launch_tensor_core_forward<F, 128>(s, in, out, log_sum_exp);
    return true;
  }
}

}  // namespace albert::kernels::cuda
