#pragma once
// Attention's backward on tensor cores, for the heads that attention_tensor_cores.h takes. A block
// owns a head of a sequence. It holds a tile of keys, whose dk and dv it sums in registers, and
// walks over the queries: five products for a pair of tiles. What a tile of keys adds to dq is
// complete where the sequence has one such tile; else it waits in the workspace for the next tile
// of the same block, so that the order of sums is fixed. Blocks for each tile of keys would need as
// many copies of dq as there are tiles, or scores computed twice. Only attention.cu includes this
// file.
#include "albert/kernels/cuda/attention_tensor_cores.h"

namespace albert::kernels::cuda {

constexpr int kBackwardQueries = static_cast<int>(kTileQueries);  // of a tile
template <int kDims>
constexpr int kBackwardKeys = static_cast<int>(tile_keys(kDims));  // of a tile

// What backward subtracts from a query's scores and from their gradients.
struct alignas(8) RowStatistics {
  float log_sum_exp;  // to base 2
  float delta;        // sum of P dP
};

template <class F>
struct BackwardOperands {
  Heads<const F> dout;
  Heads<F> dq, dk, dv;
  // In the workspace, for the rows that workspace_row() counts: [rows], and [rows, dims], which is
  // null where every sequence has one tile of keys.
  RowStatistics* statistics = nullptr;
  float* query_sums = nullptr;
};

// A head's first row in the workspace, whose rows are those of tile_slots().
template <class F>
SIMT_DEVICE int workspace_row(const Inputs<F>& in, const Head& head) {
  const int slots = static_cast<int>(tile_slots(in.queries, in.sequences, kBackwardQueries));
  return (head.h * slots + head.query_row / kBackwardQueries + head.b) * kBackwardQueries;
}

// What row_statistics_kernel reads of forward's results.
template <class F>
struct ForwardResults {
  const F* out;
  const BFloat16* out_error;
  const float* log_sum_exp;
};

// delta = dout . (out + out_error): the sum over keys of P dP, without another product. `out` alone
// would not do: its rounding hides the differences between a row's dP where these are small. A
// block has a head of a sequence, a thread 16 bytes of a row. Rows behind the last one get zeros,
// with which a query whose q and dout are zeros adds nothing.
template <class F, int kDims>
SIMT_KERNEL(kThreads)
row_statistics_kernel(Inputs<F> in, BackwardOperands<F> op, ForwardResults<F> from) {
  constexpr int kPacks = kDims / kPack<F>, kRows = kThreads / kPacks;
  static_assert(kBackwardQueries % kRows == 0);
  const Head head = head_of(static_cast<int>(simt::block()), in);
  const Heads<const F> out{from.out, in.heads * kDims};
  const Heads<const BFloat16> out_error{from.out_error, in.heads * kDims};
  RowStatistics* const to = op.statistics + workspace_row(in, head);
  const int d = simt::thread() % kPacks * kPack<F>;
  const int tiles = (head.queries + kBackwardQueries - 1) / kBackwardQueries;
  for (int first = 0; first < tiles * kBackwardQueries; first += kRows) {
    const int query = first + simt::thread() / kPacks;
    const bool inside = query < head.queries;
    const int row = head.query_row + (inside ? query : 0);
    float gradient[kPack<F>], value[kPack<F>], error[kPack<F>], sum = 0;
    load_pack<kPack<F>>(gradient, row_of<kDims>(op.dout, row, head.h) + d);
    load_pack<kPack<F>>(value, row_of<kDims>(out, row, head.h) + d);
    load_pack<kPack<F>>(error, row_of<kDims>(out_error, row, head.h) + d);
#pragma unroll
    for (int i = 0; i < kPack<F>; ++i) sum += gradient[i] * (value[i] + error[i]);
#pragma unroll
    for (int mask = 1; mask < kPacks; mask *= 2) sum += simt::shuffle_xor(sum, mask);
    const float log_sum_exp = from.log_sum_exp[head.h * in.queries + row];
    if (d == 0) to[query] = inside ? RowStatistics{log_sum_exp * kLog2E, sum} : RowStatistics{0, 0};
  }
}

// A block's shared memory. While a tile of queries and of dout is computed with, the next arrives.
template <class F, int kDims>
struct BackwardMemory {
  static constexpr int kKeys = kBackwardKeys<kDims>, kQueries = kBackwardQueries;
  using Keys = SharedTile<F, kDims, kKeys>;
  using Queries = SharedTile<F, kDims, kQueries>;
  using Gradients = SharedTile<F, kQueries, kKeys>;  // of scores
  static constexpr int kElements =
      2 * Keys::kElements + 4 * Queries::kElements + Gradients::kElements;
  static constexpr size_t kBytes = kElements * sizeof(F) + 2 * kQueries * sizeof(RowStatistics);
  static_assert(kElements * sizeof(F) % 16 == 0);

  SIMT_DEVICE Keys keys() const { return {simt::shared<F>()}; }
  SIMT_DEVICE Keys values() const { return {keys().data + Keys::kElements}; }
  SIMT_DEVICE Queries queries(int buffer) const {
    return {values().data + Keys::kElements + buffer * 2 * Queries::kElements};
  }
  SIMT_DEVICE Queries dout(int buffer) const { return {queries(buffer).data + Queries::kElements}; }
  SIMT_DEVICE Gradients dscores() const { return {queries(2).data}; }
  SIMT_DEVICE RowStatistics* statistics(int buffer) const {
    auto* const first = reinterpret_cast<RowStatistics*>(simt::shared<F>() + kElements);
    return first + buffer * kQueries;
  }

  SIMT_DEVICE void fetch_queries(const Inputs<F>& in, const BackwardOperands<F>& op,
                                 const Head& head, int workspace_row, int query, int buffer) const {
    const int row = head.query_row + query;
    const int rows = head.queries - query;
    queries(buffer).copy(row_of<kDims>(in.q, row, head.h), in.q.stride, rows);
    dout(buffer).copy(row_of<kDims>(op.dout, row, head.h), op.dout.stride, rows);
    const int two = 2 * simt::thread();  // of the statistics, in 16 bytes
    if (two < kQueries)
      simt::copy_async(statistics(buffer) + two, op.statistics + workspace_row + query + two, true);
    simt::commit_copies();
  }
  // Starts on a tile of keys: they come with the first queries. The gradients of keys that do not
  // exist are never written again.
  SIMT_DEVICE void fetch_keys(const Inputs<F>& in, const Head& head, int key) const {
    const int row = head.key_row + key;
    const int rows = head.keys - key;
    keys().copy(row_of<kDims>(in.k, row, head.h), in.k.stride, rows);
    values().copy(row_of<kDims>(in.v, row, head.h), in.v.stride, rows);
    if (rows >= kKeys) return;
    auto* const words = reinterpret_cast<uint32_t*>(dscores().data);
    for (int i = simt::thread(); i < Gradients::kElements / 2; i += kTensorBlock) words[i] = 0;
  }
};

// The keys of a warp, and the sums of their gradients over the queries so far.
template <class F, int kDims, bool kDropout>
struct BackwardWarp {
  static constexpr int kKeys = kBackwardKeys<kDims>, kQueries = kBackwardQueries;
  static constexpr int kTiles = kKeys / (16 * kTensorWarps);  // of 16 keys
  using Scores = Rows<kTiles, kQueries>;
  using ScoreWeights = Weights<kTiles, kQueries>;
  Rows<kTiles, kDims> dk, dv;

  SIMT_DEVICE void begin() {
    for_each(dk, [](float& s, int, int, int, int) { s = 0; });
    for_each(dv, [](float& s, int, int, int, int) { s = 0; });
  }
  static SIMT_DEVICE int first_key() { return simt::warp() * 16 * kTiles; }

  // Adds a tile of queries, and leaves the gradients of its scores in shared memory. `keys`: how
  // many of the tile exist.
  SIMT_DEVICE void add(const Inputs<F>& in, const BackwardMemory<F, kDims>& memory, int buffer,
                       int keys, const Head& head, int key, int query) {
    const float scale = in.scale * kLog2E;
    Scores p = {}, ds = {};
    add_scores(p, memory.keys(), first_key(), memory.queries(buffer));
    const RowStatistics* const of_query = memory.statistics(buffer);
    for_each(p, [&](float& s, int, int n, int, int e) {
      s = simt::exp2(s * scale - of_query[column_in_tile(n, e)].log_sum_exp);
    });
    ScoreWeights weights;
    [[maybe_unused]] uint32_t kept[4];
    round_weights<F>(weights, p);
    if constexpr (kDropout) {
      ask(kept, in, head, key, query);
      select(weights, kept);
    }
    if (keys < kKeys) clear_missing(weights, keys);
    add_weighted(dv, weights, memory.dout(buffer));
    add_scores(ds, memory.values(), first_key(), memory.dout(buffer));
    for_each(ds, [&](float& d, int m, int n, int r, int e) {
      float gradient = d;
      if constexpr (kDropout) gradient = is_kept(kept, m, n, 2 * r + e) ? d * in.dropout.kept : 0;
      d = p[m][n][2 * r + e] * (gradient - of_query[column_in_tile(n, e)].delta);
    });
    round_weights<F>(weights, ds);
    if (keys < kKeys) clear_missing(weights, keys);
    store_gradients(memory.dscores(), weights);
    add_weighted(dk, weights, memory.queries(buffer));
  }

  // Keys that do not exist have scores of 0, and so any P: it must not reach a sum.
  SIMT_DEVICE void clear_missing(ScoreWeights& weights, int keys) const {
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int i = 0; i < 4; ++i)
        if (first_key() + 16 * m + row_in_tile(i % 2) >= keys)
#pragma unroll
          for (int k = 0; k < kQueries / 16; ++k) weights[m][k][i] = 0;
  }

  SIMT_DEVICE void store_gradients(const SharedTile<F, kQueries, kKeys>& to,
                                   const ScoreWeights& weights) const {
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int k = 0; k < kQueries / 16; ++k)
#pragma unroll
        for (int i = 0; i < 4; ++i)
          to.set_pair(first_key() + 16 * m + row_in_tile(i % 2), column_in_tile(2 * k + i / 2, 0),
                      weights[m][k][i]);
  }

  // Asks Philox about the lane's scores: bit 4 (m kQueries / 8 + n) of kept[2 r + e] is element
  // [m][n][2 r + e]. Four lanes share four keys of two times two queries: each asks about one
  // query, and they exchange what they got.
  SIMT_DEVICE void ask(uint32_t (&kept)[4], const Inputs<F>& in, const Head& head, int key,
                       int query) const {
    const DropoutBits dropout(in.dropout);
    const int mine = simt::lane() / 4 % 4;  // of the four lanes; also the lane's key
    uint32_t bits = 0, word[4];
#pragma unroll 2
    for (int i = 0; i < kTiles * (kQueries / 8); ++i) {
      const int m = i / (kQueries / 8), n = i % (kQueries / 8);
      const int q = query + column_in_tile(n, mine % 2),
                k = key + first_key() + 16 * m + row_in_tile(mine / 2);
      const int64_t row = head.query_row + least(q, head.queries - 1);
      bits |= dropout.kept(in.dropout, row, head.h, k) << (4 * i);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) word[i] = (i == 0 ? bits : simt::shuffle_xor(bits, 4 * i)) >> mine;
#pragma unroll
    for (int i = 0; i < 4; ++i) kept[i] = chosen(word, mine ^ i);
  }
  // Selects word[i] without an index, which would put the words into memory.
  static SIMT_DEVICE uint32_t chosen(const uint32_t (&word)[4], int i) {
    const uint32_t low = i & 1 ? word[1] : word[0], high = i & 1 ? word[3] : word[2];
    return i & 2 ? high : low;
  }
  static SIMT_DEVICE bool is_kept(const uint32_t (&kept)[4], int m, int n, int i) {
    return kept[i] >> (4 * (m * (kQueries / 8) + n)) & 1;
  }
  static SIMT_DEVICE void select(ScoreWeights& weights, const uint32_t (&kept)[4]) {
#pragma unroll
    for (int m = 0; m < kTiles; ++m)
#pragma unroll
      for (int n = 0; n < kQueries / 8; ++n)
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          uint32_t& pair = weights[m][n / 2][n % 2 * 2 + r];
          pair = select_pair(pair, is_kept(kept, m, n, 2 * r), is_kept(kept, m, n, 2 * r + 1));
        }
  }

  // Leaves the sums where the keys and values were.
  SIMT_DEVICE void store(const Inputs<F>& in, const BackwardMemory<F, kDims>& memory) const {
#pragma unroll
    for (int m = 0; m < kTiles; ++m) {
      store_rounded(memory.keys(), first_key() + 16 * m, dk[m], in.scale);
      store_rounded(memory.values(), first_key() + 16 * m, dv[m],
                    kDropout ? in.dropout.kept : 1.0F);
    }
  }
};

// What a tile of keys adds to dq of a tile of queries: a warp has 16 queries and half of the
// dimensions.
template <class F, int kDims>
struct QuerySums {
  static constexpr int kBlocks = kDims / 16;  // of 8 columns
  using Words = Pack<float, 4>;
  float sum[kBlocks][4] = {};
  Words* waiting;  // where the block keeps this tile's sums: every thread its own

  static SIMT_DEVICE int first_row() { return simt::warp() % 2 * 16; }
  static SIMT_DEVICE int first_column() { return simt::warp() / 2 * (kDims / 2); }

  explicit SIMT_DEVICE QuerySums(float* tile)
      : waiting(reinterpret_cast<Words*>(tile) + simt::thread()) {}
  SIMT_DEVICE void load() {
#pragma unroll
    for (int n = 0; n < kBlocks; ++n) load_pack<4>(sum[n], waiting[n * kTensorBlock].element);
  }
  SIMT_DEVICE void keep() const {
#pragma unroll
    for (int n = 0; n < kBlocks; ++n)
      store_pack<4>(waiting[n * kTensorBlock].element, sum[n], Grad::kAssign);
  }
  SIMT_DEVICE void add(const BackwardMemory<F, kDims>& memory) {
#pragma unroll
    for (int k = 0; k < kBackwardKeys<kDims>; k += 16) {
      Fragment ds;
      memory.dscores().load_left_transposed(ds, k, first_row());
#pragma unroll
      for (int d = 0; d < kBlocks / 2; ++d) {
        Fragment keys;
        memory.keys().load_right(keys, k, first_column() + 16 * d);
        simt::multiply_add<F>(sum[2 * d], ds, keys[0], keys[1]);
        simt::multiply_add<F>(sum[2 * d + 1], ds, keys[2], keys[3]);
      }
    }
  }
  SIMT_DEVICE void store(const Inputs<F>& in, const BackwardOperands<F>& op, const Head& head,
                         int query) const {
    const int first = query + first_row();
    F* const to = row_of<kDims>(op.dq, head.query_row + first, head.h) + first_column();
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if (first + row_in_tile(r) >= head.queries) continue;
      F* const row = to + row_in_tile(r) * op.dq.stride;
#pragma unroll
      for (int n = 0; n < kBlocks; ++n)
        *reinterpret_cast<uint32_t*>(row + column_in_tile(n, 0)) =
            simt::round_pair_to<F>(sum[n][2 * r] * in.scale, sum[n][2 * r + 1] * in.scale);
    }
  }
};

// Computes dk and dv of a tile of keys, and its part of dq. What it needs to know of the head is
// read again for every tile and before the end, because it would take registers in between.
template <class F, int kDims, bool kDropout>
SIMT_DEVICE void backward_tile(const Inputs<F>& in, const BackwardOperands<F>& op, const Head& head,
                               int workspace_row, int key) {
  using Warp = BackwardWarp<F, kDims, kDropout>;
  const BackwardMemory<F, kDims> memory;
  memory.fetch_keys(in, head, key);
  memory.fetch_queries(in, op, head, workspace_row, 0, 0);
  Warp warp;
  warp.begin();
  int buffer = 0;
  for (int query = 0; query < head.queries; query += kBackwardQueries, buffer ^= 1) {
    simt::wait_copies<0>();
    simt::barrier();
    if (query + kBackwardQueries < head.queries)
      memory.fetch_queries(in, op, head, workspace_row, query + kBackwardQueries, buffer ^ 1);
    if (key + Warp::first_key() < head.keys)
      warp.add(in, memory, buffer, head.keys - key, head, key, query);
    QuerySums<F, kDims> sums(op.query_sums + int64_t{kDims} * (workspace_row + query));
    if (key > 0) sums.load();
    simt::barrier();
    sums.add(memory);
    if (key + Warp::kKeys < head.keys)
      sums.keep();
    else
      sums.store(in, op, head, query);
  }
  simt::wait_copies<0>();  // of a sequence that has keys and no query
  simt::barrier();         // before the sums lie where the keys were
  warp.store(in, memory);
  simt::barrier();
  const Head same = head_of(static_cast<int>(simt::block()), in);
  const int row = same.key_row + key, rows = same.keys - key;
  memory.keys().write(row_of<kDims>(op.dk, row, same.h), op.dk.stride, rows);
  memory.values().write(row_of<kDims>(op.dv, row, same.h), op.dv.stride, rows);
  simt::barrier();  // before other keys are copied over these
}

template <class F, int kDims, bool kDropout>
SIMT_KERNEL(kTensorBlock)
tensor_core_backward_kernel(Inputs<F> in, BackwardOperands<F> op) {
  for (int key = 0;; key += kBackwardKeys<kDims>) {
    const Head head = head_of(static_cast<int>(simt::block()), in);
    if (key >= head.keys) return;
    backward_tile<F, kDims, kDropout>(in, op, head, workspace_row(in, head), key);
  }
}

template <class F, int kDims, bool kDropout>
inline void launch_backward(const Stream& s, const Inputs<F>& in, const BackwardOperands<F>& op,
                            const ForwardResults<F>& from) {
  const int64_t heads = in.sequences * in.heads;
  simt::launch(s, {heads, kThreads}, row_statistics_kernel<F, kDims>, in, op, from);
  simt::launch(s, {heads, kTensorBlock, BackwardMemory<F, kDims>::kBytes},
               tensor_core_backward_kernel<F, kDims, kDropout>, in, op);
}

// Returns false and launches nothing if other kernels must do it. `workspace`: as
// attention_backward_workspace() says; max_keys: of a sequence, or more.
template <class F, class A>
inline bool tensor_core_backward(const Stream& s, const Inputs<F>& in, BackwardOperands<F> op,
                                 const F* out, const BFloat16* out_error, const A* log_sum_exp,
                                 void* workspace, int64_t max_keys) {
  if constexpr (sizeof(F) != 2) {
    return false;
  } else {
    if (!tensor_cores_take(in) || !out_error || !heads_are_aligned(op.dout, in.dims) ||
        !heads_are_aligned(op.dq, in.dims) || !heads_are_aligned(op.dk, in.dims) ||
        !heads_are_aligned(op.dv, in.dims))
      return false;
    op.statistics = static_cast<RowStatistics*>(workspace);
    if (max_keys > tile_keys(in.dims))
      op.query_sums = reinterpret_cast<float*>(op.statistics +
                                               workspace_rows(in.heads, in.queries, in.sequences));
    const ForwardResults<F> from{out, out_error, log_sum_exp};
    const bool drops = in.dropout.row_ids;
    if (in.dims == 64)
      (drops ? launch_backward<F, 64, true> : launch_backward<F, 64, false>)(s, in, op, from);
    else
      (drops ? launch_backward<F, 128, true> : launch_backward<F, 128, false>)(s, in, op, from);
    return true;
  }
}

}  // namespace albert::kernels::cuda
