#pragma once
// What our own attention keeps and needs on a GPU, as far as its tiles decide it. C++17.
#include "albert/kernels/dtype.h"

namespace albert::kernels {

// The heads that the tensor-core kernels take, where every row begins at a multiple of 16 bytes.
constexpr bool fits_tensor_cores(DType dtype, int64_t head_size) {
  return size_of(dtype) == 2 && (head_size == 64 || head_size == 128);
}

// Their forward works on tiles of so many queries, their backward on tiles of so many keys, against
// tiles of kTileQueries.
constexpr int64_t tile_queries(int64_t head_size) { return 8192 / head_size; }
constexpr int64_t tile_keys(int64_t head_size) { return 8192 / head_size; }
constexpr int64_t kTileQueries = 32;

// Tiles of `rows` rows that sequences of `total` rows can have: sequence b's begin at number
// cu_seqlens[b] / rows + b, so that one may lie unused behind each sequence.
constexpr int64_t tile_slots(int64_t total, int64_t sequences, int64_t rows) {
  return total / rows + sequences;
}

// The blocks of their forward for one head: as many for each sequence as the longest has tiles, or
// tile_slots(), which is less where lengths are uneven.
struct ForwardBlocks {
  int64_t of_sequence;  // 0: numbered as tile_slots() says
  int64_t all;
};
constexpr ForwardBlocks forward_blocks(int64_t queries, int64_t sequences, int64_t max_queries,
                                       int64_t rows) {
  const int64_t each = (max_queries + rows - 1) / rows,
                slots = tile_slots(queries, sequences, rows);
  if (sequences * each <= slots) return {each, sequences * each};
  return {0, slots};
}

// Their backward's workspace has a row for each query and head, and some between sequences: two
// numbers in f32, and sums of dq in f32 unless every sequence fits one tile of keys.
constexpr int64_t workspace_rows(int64_t heads, int64_t queries, int64_t sequences) {
  return heads * tile_slots(queries, sequences, kTileQueries) * kTileQueries;
}
constexpr int64_t workspace_floats_of_row(int64_t head_size, int64_t max_seqlen) {
  return 2 + (max_seqlen > tile_keys(head_size) ? head_size : 0);
}

}  // namespace albert::kernels
