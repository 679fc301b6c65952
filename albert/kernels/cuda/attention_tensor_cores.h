#pragma once
// What attention's kernels on tensor cores share: tiles of 16-bit heads of 64 and 128 in shared
// memory, the products of their fragments, dropout's bits. A warp has rows of the scores in its
// registers, after FlashAttention-2 (Dao, 2023).
#include <cmath>

#include "albert/kernels/cuda/attention.h"

namespace albert::kernels::cuda {

constexpr int kTensorWarps = 4;
constexpr int kTensorBlock = kTensorWarps * simt::kWarp;
constexpr float kLog2E = 1.44269504F;

// One head of one sequence. Rows are counted in 32 bits, as in cu_seqlens.
struct Head {
  int b, h;
  int query_row, key_row;  // its first rows in the batch
  int queries, keys;
};

template <class F>
SIMT_DEVICE Head head_of(int number, const Inputs<F>& in) {
  const int heads = static_cast<int>(in.heads), b = number / heads, h = number % heads;
  const int32_t q = in.cu_seqlens_q[b], k = in.cu_seqlens_k[b];
  return {b, h, q, k, in.cu_seqlens_q[b + 1] - q, in.cu_seqlens_k[b + 1] - k};
}

// Where row `row` of a head begins.
template <int kDims, class F>
SIMT_DEVICE F* row_of(const Heads<F>& heads, int64_t row, int h) {
  return heads.data + (row * heads.stride + h * kDims);
}

using Fragment = uint32_t[4];  // 16 x 16 elements of a warp, or two of 16 x 8

// kRows rows of one head in shared memory. The pitch keeps eight rows in different banks.
template <class F, int kDims, int kRows>
struct SharedTile {
  static constexpr int kPitch = kDims + 8;
  static constexpr int kElements = kRows * kPitch;
  static constexpr int kPacks = kDims / kPack<F>;      // of a row
  static constexpr int kStep = kTensorBlock / kPacks;  // rows that a block copies at once

  // Starts copying the first `rows` rows that begin at `from`; zeros beyond them.
  SIMT_DEVICE void copy(const F* from, int64_t stride, int rows) const {
    const int first = simt::thread() / kPacks, d = simt::thread() % kPacks * kPack<F>,
              pitch = static_cast<int>(stride);
    F* const to = at(first, d);
    const F* const source = from + (first * pitch + d);
#pragma unroll
    for (int r = 0; r < kRows; r += kStep)
      simt::copy_async(to + r * kPitch, source + r * pitch, first + r < rows);
  }
  // Writes the first `rows` rows to where they begin at `to`.
  SIMT_DEVICE void write(F* to, int64_t stride, int rows) const {
    using Words = Pack<F, kPack<F>>;
    const int first = simt::thread() / kPacks, d = simt::thread() % kPacks * kPack<F>,
              pitch = static_cast<int>(stride);
    F* const destination = to + (first * pitch + d);
#pragma unroll
    for (int r = 0; r < kRows; r += kStep)
      if (first + r < rows)
        *reinterpret_cast<Words*>(destination + r * pitch) =
            *reinterpret_cast<const Words*>(at(first + r, d));
  }

  // Rows [row, row + 16) and columns [column, column + 16) as a left operand.
  SIMT_DEVICE void load_left(Fragment& to, int row, int column) const {
    simt::load_matrices<false>(to, at(row + simt::lane() % 16, column + simt::lane() / 16 * 8));
  }
  // The transpose of this tile's rows [row, row + 16) and columns [column, column + 16) as a left
  // operand.
  SIMT_DEVICE void load_left_transposed(Fragment& to, int row, int column) const {
    simt::load_matrices<true>(to, at(row + by_eights(), column + simt::lane() / 8 % 2 * 8));
  }
  // Two right operands: columns [column, column + 16) of rows [row, row + 8), and of the next 8.
  // They multiply by the tile's transpose.
  SIMT_DEVICE void load_right_transposed(Fragment& to, int row, int column) const {
    simt::load_matrices<false>(to, at(row + by_eights(), column + simt::lane() / 8 % 2 * 8));
  }
  // Two right operands: rows [row, row + 16) of columns [column, column + 8), and of the next 8.
  SIMT_DEVICE void load_right(Fragment& to, int row, int column) const {
    simt::load_matrices<true>(to, at(row + simt::lane() % 16, column + simt::lane() / 16 * 8));
  }
  // Two elements of a row, from an even column on.
  SIMT_DEVICE void set_pair(int row, int column, uint32_t pair) const {
    *reinterpret_cast<uint32_t*>(at(row, column)) = pair;
  }
  SIMT_DEVICE F* at(int row, int column) const { return data + row * kPitch + column; }

  F* data;

 private:
  static SIMT_DEVICE int by_eights() { return simt::lane() % 8 + simt::lane() / 16 * 8; }
};

// The warp's kTiles x 16 rows of a product. Element [m][n][2 r + e] of a lane is row 16 m + lane /
// 4
// + 8 r, column 8 n + 2 (lane % 4) + e.
template <int kTiles, int kColumns>
using Rows = float[kTiles][kColumns / 8][4];
SIMT_DEVICE int row_in_tile(int r) { return simt::lane() / 4 + 8 * r; }
SIMT_DEVICE int column_in_tile(int n, int e) { return 8 * n + simt::lane() % 4 * 2 + e; }

// Calls body(element, m, n, r, e) for the lane's elements.
template <int kTiles, int kBlocks, class Body>
SIMT_DEVICE void for_each(float (&rows)[kTiles][kBlocks][4], const Body& body) {
#pragma unroll
  for (int m = 0; m < kTiles; ++m)
#pragma unroll
    for (int n = 0; n < kBlocks; ++n)
#pragma unroll
      for (int i = 0; i < 4; ++i) body(rows[m][n][i], m, n, i / 2, i % 2);
}

// sum += left rightT, for the rows of `left` from first_row on.
template <class F, int kTiles, int kDims, int kLeft, int kRight>
SIMT_DEVICE void add_scores(float (&sum)[kTiles][kRight / 8][4],
                            const SharedTile<F, kDims, kLeft>& left, int first_row,
                            const SharedTile<F, kDims, kRight>& right) {
#pragma unroll
  for (int d = 0; d < kDims; d += 16) {
    Fragment rows[kTiles];
#pragma unroll
    for (int m = 0; m < kTiles; ++m) left.load_left(rows[m], first_row + 16 * m, d);
#pragma unroll
    for (int n = 0; n < kRight / 16; ++n) {
      Fragment columns;
      right.load_right_transposed(columns, 16 * n, d);
#pragma unroll
      for (int m = 0; m < kTiles; ++m) {
        simt::multiply_add<F>(sum[m][2 * n], rows[m], columns[0], columns[1]);
        simt::multiply_add<F>(sum[m][2 * n + 1], rows[m], columns[2], columns[3]);
      }
    }
  }
}

// Rows as the left operands of products, 16 columns each.
template <int kTiles, int kColumns>
using Weights = Fragment[kTiles][kColumns / 16];

template <class F, int kBlocks>
SIMT_DEVICE void round_weights(Fragment (&to)[kBlocks / 2], const float (&from)[kBlocks][4]) {
#pragma unroll
  for (int n = 0; n < kBlocks; ++n)
#pragma unroll
    for (int r = 0; r < 2; ++r)
      to[n / 2][n % 2 * 2 + r] = simt::round_pair_to<F>(from[n][2 * r], from[n][2 * r + 1]);
}
template <class F, int kTiles, int kBlocks>
SIMT_DEVICE void round_weights(Fragment (&to)[kTiles][kBlocks / 2],
                               const float (&from)[kTiles][kBlocks][4]) {
#pragma unroll
  for (int m = 0; m < kTiles; ++m) round_weights<F>(to[m], from[m]);
}

// sum += weights right
template <class F, int kTiles, int kSteps, int kDims>
SIMT_DEVICE void add_weighted(float (&sum)[kTiles][kDims / 8][4],
                              const Fragment (&weights)[kTiles][kSteps],
                              const SharedTile<F, kDims, 16 * kSteps>& right) {
#pragma unroll
  for (int k = 0; k < kSteps; ++k)
#pragma unroll
    for (int d = 0; d < kDims / 16; ++d) {
      Fragment values;
      right.load_right(values, 16 * k, 16 * d);
#pragma unroll
      for (int m = 0; m < kTiles; ++m) {
        simt::multiply_add<F>(sum[m][2 * d], weights[m][k], values[0], values[1]);
        simt::multiply_add<F>(sum[m][2 * d + 1], weights[m][k], values[2], values[3]);
      }
    }
}

// Reduces v over the four lanes that share a row.
SIMT_DEVICE float row_sum(float v) {
  for (int mask = 1; mask < 4; mask *= 2) v += simt::shuffle_xor(v, mask);
  return v;
}
SIMT_DEVICE float row_max(float v) {
  for (int mask = 1; mask < 4; mask *= 2) v = fmaxf(v, simt::shuffle_xor(v, mask));
  return v;
}

// Writes the warp's rows of a product, times `factor`, to a tile in shared memory, from row `row`.
template <class F, int kDims, int kRows>
SIMT_DEVICE void store_rounded(const SharedTile<F, kDims, kRows>& to, int row,
                               const float (&sum)[kDims / 8][4], float factor) {
#pragma unroll
  for (int n = 0; n < kDims / 8; ++n)
#pragma unroll
    for (int r = 0; r < 2; ++r)
      to.set_pair(row + row_in_tile(r), column_in_tile(n, 0),
                  simt::round_pair_to<F>(sum[n][2 * r] * factor, sum[n][2 * r + 1] * factor));
}

// Dropout's decisions about scores. One Philox block decides four keys of a query.
struct DropoutBits {
  explicit SIMT_DEVICE DropoutBits(const DropoutFactors<float>& d)
      : key(d.seed_and_step ? dropout_key(d.seed_and_step[0], d.seed_and_step[1])
                            : dropout_key(d.seed, d.step)) {}

  // Bit i: key 4 * (column / 4) + i of head h is kept for the query of this row.
  SIMT_DEVICE uint32_t kept(const DropoutFactors<float>& d, int64_t row, int h, int column) const {
    const PhiloxBlock random =
        dropout_block(key, d.site, d.row_ids[row], static_cast<uint32_t>(h * 16384 + column / 4));
    uint32_t bits = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) bits |= static_cast<uint32_t>(random.word[i] >= d.threshold) << i;
    return bits;
  }

  uint64_t key;
};

// Clears the halves of a pair whose bits are not set.
SIMT_DEVICE uint32_t select_pair(uint32_t pair, bool low, bool high) {
  return pair & ((low ? 0xffffU : 0U) | (high ? 0xffff0000U : 0U));
}

// True if every row of every head begins at a multiple of 16 bytes.
template <class F>
inline bool heads_are_aligned(const Heads<F>& heads, int64_t dims) {
  return dims % kPack<F> == 0 && packs_fit<F>(heads.stride, heads.data);
}

template <class F>
inline bool tensor_cores_take(const Inputs<F>& in) {
  return fits_tensor_cores(DTypeOf<F>::value, in.dims) && heads_are_aligned(in.q, in.dims) &&
         heads_are_aligned(in.k, in.dims) && heads_are_aligned(in.v, in.dims);
}

}  // namespace albert::kernels::cuda
