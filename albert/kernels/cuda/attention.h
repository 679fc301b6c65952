#pragma once
// What the CUDA attention kernels share: operands, and which tile is a block's. Included by
// attention_*.cu and .h only.
#include "albert/kernels/attention.h"
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

// Everything forward and backward read.
template <class F>
struct Inputs {
  Heads<const F> q, k, v;
  const int32_t *cu_seqlens_q, *cu_seqlens_k;
  int64_t sequences, heads, dims, queries;  // queries: of all sequences
  Acc<F> scale;
  DropoutFactors<Acc<F>> dropout;
};

// What backward reads besides.
template <class F>
struct Upstream {
  Heads<const F> dout;
  const Acc<F>* log_sum_exp;
  Acc<F>* delta;
};

// Dropout's factor of a query (row among all) for a key (index in its sequence).
template <class F>
SIMT_DEVICE Acc<F> keep_factor(const Inputs<F>& in, int64_t h, int64_t query, int64_t key) {
  Acc<F> factor[1];
  in.dropout.fill(factor, query, h * 65536 + key);
  return factor[0];
}

// A tile of one head of one sequence, and the rows of its other side.
struct Place {
  int64_t b, h;
  int64_t row, rows;  // of the tile: first, among all sequences', and how many; 0: no tile left
  int64_t other_row, other_rows;  // of the sequence on the other side
};

// The block's tile of kRows rows among all heads' and sequences'. Lengths are known on the GPU
// only, so a launch has as many blocks as there may be tiles at most.
template <int kRows>
SIMT_DEVICE Place place_of(int64_t block, int64_t heads, int64_t sequences, const int32_t* mine,
                           const int32_t* other) {
  int64_t tile = block / heads;
  for (int64_t b = 0; b < sequences; ++b) {
    const int64_t length = mine[b + 1] - mine[b], tiles = (length + kRows - 1) / kRows;
    if (tile < tiles)
      return {b,
              block % heads,
              mine[b] + tile * kRows,
              least(kRows, length - tile * kRows),
              other[b],
              other[b + 1] - other[b]};
    tile -= tiles;
  }
  return {0, 0, 0, 0, 0, 0};
}
template <int kRows>
int64_t most_tiles(int64_t rows, int64_t sequences) {
  return rows / kRows + sequences;
}

}  // namespace albert::kernels::cuda
