#pragma once
// Shared by the CUDA attention kernels: their operands, and the tile that a block works on.
#include "albert/kernels/attention.h"
#include "albert/kernels/attention_sizes.h"
#include "albert/kernels/cuda/dropout.h"
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {

SIMT_DEVICE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Rows of heads side by side: element d of head h in row r at data[r * stride + h * dims + d].
template <class F>
struct Heads {
  F* data;
  int64_t stride;
};

template <class F>
Heads<F> heads_of(const Columns& c) {
  return {cuda::data<F>(c.matrix) + c.begin, c.matrix.shape[1]};
}

// The operands that forward and backward read.
template <class F>
struct Inputs {
  Heads<const F> q, k, v;
  const int32_t *cu_seqlens_q, *cu_seqlens_k;
  int64_t sequences, heads, dims, queries;  // queries: total of all sequences
  Acc<F> scale;
  DropoutFactors<Acc<F>> dropout;
};

// The further operands of backward.
template <class F>
struct Upstream {
  Heads<const F> dout;
  const Acc<F>* log_sum_exp;
  Acc<F>* delta;
};

// The factor of dropout for a query (row in the batch) and a key (index in its sequence).
template <class F>
SIMT_DEVICE Acc<F> keep_factor(const Inputs<F>& in, int64_t h, int64_t query, int64_t key) {
  Acc<F> factor[1];
  in.dropout.fill(factor, query, h * 65536 + key);
  return factor[0];
}

// A tile of one head of one sequence, and the rows on the other side of the scores.
struct Tile {
  int64_t b, h;
  int64_t row, rows;  // first row of the tile in the batch, and how many; 0: there is no such tile
  int64_t other_row, other_rows;  // the sequence's rows on the other side
};

// Finds the block's tile of kRows rows among all heads and sequences, by binary search for the
// last sequence whose tiles begin at its number or before (tile_slots() says where they begin).
template <int kRows>
SIMT_DEVICE Tile tile_of(int64_t block, int64_t heads, int64_t sequences, const int32_t* mine,
                         const int32_t* other) {
  const int64_t number = block / heads;
  int64_t b = 0, end = sequences;
  while (end - b > 1) {
    const int64_t middle = (b + end) / 2;
    (mine[middle] / kRows + middle <= number ? b : end) = middle;
  }
  const int64_t before = (number - mine[b] / kRows - b) * kRows,
                rows = least(kRows, mine[b + 1] - mine[b] - before);
  if (rows <= 0) return {0, 0, 0, 0, 0, 0};
  return {b, block % heads, mine[b] + before, rows, other[b], other[b + 1] - other[b]};
}

}  // namespace albert::kernels::cuda
