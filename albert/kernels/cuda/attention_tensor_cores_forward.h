#pragma once
// Attention's forward on tensor cores. Only attention.cu includes this file.
#include "albert/kernels/cuda/attention_tensor_cores.h"

namespace albert::kernels::cuda {

// Tiles of 16 queries in a warp: the sums of two would not leave enough registers for heads of 128.
template <int kDims>
constexpr int kForwardTiles = 128 / kDims;
template <int kDims>
constexpr int kForwardRows = 16 * kForwardTiles<kDims>* kTensorWarps;  // queries of a block
template <int kDims>
constexpr int kForwardKeys = 4096 / kDims;  // of a tile

// What forward writes. out_error may be null.
template <class F>
struct ForwardOutputs {
  Heads<F> out;
  BFloat16* out_error;
  float* log_sum_exp;
};

// A tile of queries in shared memory, and two tiles of keys and of values: one is computed with
// while the other arrives.
template <class F, int kDims>
struct ForwardMemory {
  using Queries = SharedTile<F, kDims, kForwardRows<kDims>>;
  using Keys = SharedTile<F, kDims, kForwardKeys<kDims>>;
  static constexpr size_t kBytes = (Queries::kElements + 4 * Keys::kElements) * sizeof(F);

  SIMT_DEVICE Queries queries() const { return {simt::shared<F>()}; }
  SIMT_DEVICE Keys keys(int buffer) const {
    return {simt::shared<F>() + Queries::kElements + buffer * 2 * Keys::kElements};
  }
  SIMT_DEVICE Keys values(int buffer) const { return {keys(buffer).data + Keys::kElements}; }
  // Lies where keys and values were.
  SIMT_DEVICE SharedTile<BFloat16, kDims, kForwardRows<kDims>> errors() const {
    static_assert(Queries::kElements <= 4 * Keys::kElements);
    return {reinterpret_cast<BFloat16*>(keys(0).data)};
  }
  SIMT_DEVICE void fetch(const Inputs<F>& in, const Head& head, int key, int buffer) const {
    const int row = head.key_row + key;
    keys(buffer).copy(row_of<kDims>(in.k, row, head.h), in.k.stride, head.keys - key);
    values(buffer).copy(row_of<kDims>(in.v, row, head.h), in.v.stride, head.keys - key);
    simt::commit_copies();
  }
};

// The soft-max of the warp's rows while tiles of keys pass by, in powers of two.
template <int kTiles>
struct RunningSoftmax {
  float max[kTiles][2], sum[kTiles][2];  // the sum is of the lane's columns

  SIMT_DEVICE void begin() {
#pragma unroll
    for (int i = 0; i < 2 * kTiles; ++i) max[i / 2][i % 2] = -INFINITY, sum[i / 2][i % 2] = 0;
  }
  // Turns a row's scores into 2^(scale (score - maximum)). Returns the factor for sums over earlier
  // keys.
  template <int kBlocks>
  SIMT_DEVICE float take(float (&score)[kBlocks][4], int m, int r, float scale) {
    float now = max[m][r];
#pragma unroll
    for (int n = 0; n < kBlocks; ++n) now = fmaxf(now, fmaxf(score[n][2 * r], score[n][2 * r + 1]));
    now = row_max(now);
    const float keep = simt::exp2((max[m][r] - now) * scale), shift = now * scale;
    float total = 0;
#pragma unroll
    for (int n = 0; n < kBlocks; ++n)
#pragma unroll
      for (int i = 2 * r; i < 2 * r + 2; ++i)
        total += score[n][i] = simt::exp2(score[n][i] * scale - shift);
    sum[m][r] = sum[m][r] * keep + total;
    max[m][r] = now;
    return keep;
  }
};

// The queries of a warp, and what it has summed over the keys that it has seen.
template <class F, int kDims, bool kDropout>
struct ForwardWarp {
  static constexpr int kKeys = kForwardKeys<kDims>, kTiles = kForwardTiles<kDims>;
  RunningSoftmax<kTiles> softmax;
  Rows<kTiles, kDims> sum;
  // Row sums of the weights as they were rounded: with weights that sum to 1, the rounding of P
  // moves an output by its distance from the values only, and backward can take delta from it.
  float mass[kTiles][4];

  SIMT_DEVICE void begin() {
    softmax.begin();
    for_each(sum, [](float& s, int, int, int, int) { s = 0; });
#pragma unroll
    for (int i = 0; i < 4 * kTiles; ++i) mass[i / 4][i % 4] = 0;
  }
  static SIMT_DEVICE int first_row() { return simt::warp() * 16 * kTiles; }

  // Adds the keys of one buffer, of which `keys` exist.
  SIMT_DEVICE void add(const Inputs<F>& in, const ForwardMemory<F, kDims>& memory, int buffer,
                       int keys, const Head& head, int key, int row) {
    Rows<kTiles, kKeys> score = {};
    add_scores(score, memory.queries(), first_row(), memory.keys(buffer));
    if (keys < kKeys)
      for_each(score, [&](float& s, int, int n, int, int e) {
        if (column_in_tile(n, e) >= keys) s = -INFINITY;
      });
#pragma unroll
    for (int m = 0; m < kTiles; ++m) rescale(score[m], m, in.scale * kLog2E);
    Weights<kTiles, kKeys> weights;
    round_weights<F>(weights, score);
    add_mass(weights);
    if constexpr (kDropout) drop(weights, in, head, key, row);
    add_weighted(sum, weights, memory.values(buffer));
  }

  // Turns scores into weights, and what was summed into sums of weights of the new maximum.
  SIMT_DEVICE void rescale(float (&score)[kKeys / 8][4], int m, float scale) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float keep = softmax.take(score, m, r, scale);
      mass[m][2 * r] *= keep;
#pragma unroll
      for (int n = 0; n < kDims / 8; ++n) sum[m][n][2 * r] *= keep, sum[m][n][2 * r + 1] *= keep;
    }
  }

  SIMT_DEVICE void add_mass(const Weights<kTiles, kKeys>& weights) {
    const uint32_t ones = simt::round_pair_to<F>(1, 1);
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int k = 0; k < kKeys / 16; ++k)
        simt::multiply_add<F>(mass[m], weights[m][k], ones, ones);
  }

  // Clears the weights that dropout drops. Two lanes share four keys of two queries: each asks
  // Philox about one of them.
  SIMT_DEVICE void drop(Weights<kTiles, kKeys>& weights, const Inputs<F>& in, const Head& head,
                        int key, int row) const {
    const DropoutBits dropout(in.dropout);
    const int odd = simt::lane() % 2;
#pragma unroll
    for (int m = 0; m < kTiles; ++m) {
      const int query = row + first_row() + 16 * m + row_in_tile(odd);
      const int64_t at = head.query_row + least(query, head.queries - 1);
      uint32_t mine = 0;
#pragma unroll 2
      for (int n = 0; n < kKeys / 8; ++n)
        mine |= dropout.kept(in.dropout, at, head.h, key + column_in_tile(n, 0)) << (4 * n);
      const uint32_t other = simt::shuffle_xor(mine, 1);
      const uint32_t bits[2] = {odd ? other : mine, odd ? mine : other};
#pragma unroll
      for (int n = 0; n < kKeys / 8; ++n)
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          const uint32_t of_pair = bits[r] >> (4 * n + 2 * odd);
          uint32_t& pair = weights[m][n / 2][n % 2 * 2 + r];
          pair = select_pair(pair, of_pair & 1, of_pair & 2);
        }
    }
  }

  // Leaves the rows, and what they lose as they are rounded, in shared memory.
  SIMT_DEVICE void store(const ForwardMemory<F, kDims>& memory, float factor) const {
#pragma unroll
    for (int m = 0; m < kTiles; ++m) {
      const float share[2] = {factor / mass[m][0], factor / mass[m][2]};
#pragma unroll
      for (int n = 0; n < kDims / 8; ++n)
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          const int row = first_row() + 16 * m + row_in_tile(r), column = column_in_tile(n, 0);
          const float low = sum[m][n][2 * r] * share[r], high = sum[m][n][2 * r + 1] * share[r];
          const uint32_t pair = simt::round_pair_to<F>(low, high);
          float rounded_low, rounded_high;
          simt::pair_to_floats<F>(rounded_low, rounded_high, pair);
          memory.queries().set_pair(row, column, pair);
          memory.errors().set_pair(
              row, column, simt::round_pair_to<BFloat16>(low - rounded_low, high - rounded_high));
        }
    }
  }

  // at: of the tile's first query; rows: how many it has.
  SIMT_DEVICE void write_log_sum_exp(float* to, int at, int rows, float scale) const {
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        const int row = first_row() + 16 * m + row_in_tile(r);
        const float total = row_sum(softmax.sum[m][r]);
        if (simt::lane() % 4 == 0 && row < rows)
          to[at + row] = softmax.max[m][r] * scale + std::log(total);
      }
  }
};

// Computes kForwardRows<kDims> queries from `row` on. What it needs to know of the head is read
// again before the end, because it would take registers in between.
template <class F, int kDims, bool kDropout>
SIMT_DEVICE void forward_tile(const Inputs<F>& in, const ForwardOutputs<F>& to, const Head& head,
                              int head_number, int row) {
  constexpr int kKeys = kForwardKeys<kDims>;
  using Warp = ForwardWarp<F, kDims, kDropout>;
  const ForwardMemory<F, kDims> memory;
  memory.queries().copy(row_of<kDims>(in.q, head.query_row + row, head.h), in.q.stride,
                        head.queries - row);
  memory.fetch(in, head, 0, 0);
  const bool has_rows = row + Warp::first_row() < head.queries;
  Warp warp;
  warp.begin();
  int buffer = 0;
  for (int key = 0; key < head.keys; key += kKeys, buffer ^= 1) {
    simt::wait_copies<0>();
    simt::barrier();
    if (key + kKeys < head.keys) memory.fetch(in, head, key + kKeys, buffer ^ 1);
    if (has_rows) warp.add(in, memory, buffer, head.keys - key, head, key, row);
  }
  simt::barrier();  // before the rows lie where keys and values were
  const Head same = head_of(head_number, in);
  const int first = same.query_row + row, rows = same.queries - row;
  if (row + Warp::first_row() < same.queries) {
    warp.store(memory, kDropout ? in.dropout.kept : 1.0F);
    const int at = same.h * static_cast<int>(in.queries) + first;
    warp.write_log_sum_exp(to.log_sum_exp, at, rows, in.scale);
  }
  simt::barrier();
  memory.queries().write(row_of<kDims>(to.out, first, same.h), to.out.stride, rows);
  const Heads<BFloat16> errors{to.out_error, in.heads * kDims};
  if (to.out_error)
    memory.errors().write(row_of<kDims>(errors, first, same.h), errors.stride, rows);
}

// A block has the tile of queries that forward_blocks() gives it, and ends at once where there is
// none.
template <class F, int kDims, bool kDropout>
SIMT_KERNEL(kTensorBlock)
tensor_core_forward_kernel(Inputs<F> in, ForwardOutputs<F> to, int tiles) {
  constexpr int kRows = kForwardRows<kDims>;
  int number = 0, row = 0;
  if (tiles > 0) {
    number = static_cast<int>(simt::block()) / tiles;
    row = static_cast<int>(simt::block()) % tiles * kRows;
  } else {
    const Tile at =
        tile_of<kRows>(simt::block(), in.heads, in.sequences, in.cu_seqlens_q, in.cu_seqlens_k);
    if (at.rows == 0) return;
    number = static_cast<int>(at.b * in.heads + at.h);
    row = static_cast<int>(at.row) - in.cu_seqlens_q[at.b];
  }
  const Head head = head_of(number, in);
  if (row < head.queries) forward_tile<F, kDims, kDropout>(in, to, head, number, row);
}

template <class F, int kDims, bool kDropout>
inline void launch_forward(const Stream& s, const Inputs<F>& in, const ForwardOutputs<F>& to,
                           int64_t max_queries) {
  static_assert(kForwardRows<kDims> == tile_queries(kDims));
  const ForwardBlocks blocks =
      forward_blocks(in.queries, in.sequences, max_queries, kForwardRows<kDims>);
  simt::launch(s, {in.heads * blocks.all, kTensorBlock, ForwardMemory<F, kDims>::kBytes},
               tensor_core_forward_kernel<F, kDims, kDropout>, in, to,
               static_cast<int>(blocks.of_sequence));
}

// Returns false and launches nothing if another kernel must do it: for other types, head sizes or
// alignments. max_queries: of a sequence, or more.
template <class F, class A>
inline bool tensor_core_forward(const Stream& s, const Inputs<F>& in, const Heads<F>& out,
                                BFloat16* out_error, A* log_sum_exp, int64_t max_queries) {
  if constexpr (sizeof(F) != 2) {
    return false;
  } else {
    if (!tensor_cores_take(in) || !heads_are_aligned(out, in.dims)) return false;
    const ForwardOutputs<F> to{out, out_error, log_sum_exp};
    const bool drops = in.dropout.row_ids;
    if (in.dims == 64)
      (drops ? launch_forward<F, 64, true> : launch_forward<F, 64, false>)(s, in, to, max_queries);
    else
      (drops ? launch_forward<F, 128, true> : launch_forward<F, 128, false>)(s, in, to,
                                                                             max_queries);
    return true;
  }
}

}  // namespace albert::kernels::cuda
