// Attention for any head size and type, in tiles of kTile queries and as many keys. A warp takes
// rows of scores, a lane one key of them.
// attention_tensor_cores*.h has the kernels for 16-bit heads of 64 and 128.
#include <cmath>

#include "albert/kernels/cuda/attention.h"
#include "albert/kernels/cuda/attention_tensor_cores_backward.h"
#include "albert/kernels/cuda/attention_tensor_cores_forward.h"

namespace albert::kernels::cuda {
namespace {

constexpr int kWarps = 4;  // of a block
constexpr int kBlock = kWarps * simt::kWarp;

// Where the lanes of a block stand in a tile of scores: kGroups groups of kTile lanes have the
// rows group(), group() + kGroups, .. and a column for each lane.
template <int kTile>
struct Lanes {
  static constexpr int kGroups = kBlock / kTile, kRows = kTile / kGroups;
  static constexpr int kPitch = kTile + 1;  // of scores in shared memory: odd, so that columns use
                                            // all banks
  static_assert(kTile <= simt::kWarp && kRows > 0);
  static SIMT_DEVICE int group() { return simt::thread() / kTile; }
  static SIMT_DEVICE int column() { return simt::thread() % kTile; }
  static SIMT_DEVICE int row(int n) { return group() + n * kGroups; }

  // Over the lanes of a group.
  template <class A>
  static SIMT_DEVICE A sum(A v) {
    for (int mask = kTile / 2; mask > 0; mask /= 2) v += simt::shuffle_xor(v, mask);
    return v;
  }
  template <class A>
  static SIMT_DEVICE A max(A v) {
    for (int mask = kTile / 2; mask > 0; mask /= 2) {
      const A other = simt::shuffle_xor(v, mask);
      v = other > v ? other : v;
    }
    return v;
  }
};

// Distance in elements between two rows of a tile of heads in shared memory.
SIMT_DEVICE int pitch_of(int64_t dims) { return static_cast<int>(dims + 1 - dims % 2); }

// Fills tile [kTile, pitch] with rows of one head, and zeros after them.
template <int kTile, class F>
SIMT_DEVICE void load_tile(Acc<F>* tile, const Inputs<F>& in, Heads<const F> from, int64_t h,
                           int64_t row, int64_t rows) {
  for (int64_t i = simt::thread(); i < kTile * in.dims; i += kBlock) {
    const int64_t r = i / in.dims, d = i % in.dims;
    tile[r * pitch_of(in.dims) + d] =
        r < rows ? load(from.data[(row + r) * from.stride + h * in.dims + d]) : Acc<F>(0);
  }
}

// product[n] = x[the lane's row n] . y[its column]
template <int kTile, class A>
SIMT_DEVICE void inner_products(A (&product)[Lanes<kTile>::kRows], const A* x, const A* y,
                                int64_t dims) {
  using L = Lanes<kTile>;
  const int pitch = pitch_of(dims);
  for (int n = 0; n < L::kRows; ++n) product[n] = 0;
  for (int d = 0; d < static_cast<int>(dims); ++d) {
    const A key = y[L::column() * pitch + d];
#pragma unroll
    for (int n = 0; n < L::kRows; ++n) product[n] += x[L::row(n) * pitch + d] * key;
  }
}

// sum [kTile, dims] = keep[row] * sum + weights x, or weightsT x.  weights [kTile, kPitch], x
// [kTile, pitch]; keep null: ones
template <int kTile, bool kTransposed, class A>
SIMT_DEVICE void add_products(A* sum, const A* keep, const A* weights, const A* x, int64_t dims) {
  constexpr int kPitch = Lanes<kTile>::kPitch;
  const int columns = static_cast<int>(dims), pitch = pitch_of(dims);
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

// Divides the block's shared memory into parts.
template <class A, int kTile>
struct Parts {
  explicit SIMT_DEVICE Parts(int64_t head_size) : dims(head_size), next(simt::shared<A>()) {}
  SIMT_DEVICE A* head_tile() { return take(kTile * pitch_of(dims)); }
  SIMT_DEVICE A* sums() { return take(kTile * dims); }
  SIMT_DEVICE A* scores() { return take(kTile * Lanes<kTile>::kPitch); }
  SIMT_DEVICE A* row() { return take(kTile); }

  int64_t dims;
  A* next;

 private:
  SIMT_DEVICE A* take(int64_t n) {
    A* const part = next;
    next += n;
    return part;
  }
};

// How many parts of each kind a kernel takes, and one row.
struct PartCounts {
  int64_t head_tiles, sums, scores;

  template <class A>
  size_t bytes(int64_t tile, int64_t dims) const {
    const int64_t pitch = dims + 1 - dims % 2;
    const int64_t of_row = head_tiles * pitch + sums * dims + scores * (tile + 1) + 1;
    return static_cast<size_t>(tile * of_row) * sizeof(A);
  }
};
constexpr PartCounts kForwardParts{3, 1, 1}, kProbabilityParts{2, 0, 0}, kQueryParts{4, 1, 1},
    kKeyParts{4, 2, 2};

// GPUs of compute capability 8.6, 8.9 and 12.0 give a block 99 KiB of shared memory.
constexpr size_t kMostShared = 101'376;

// Launches launch(Width<tile>{}, bytes of shared memory) with the largest tile that every GPU has
// the memory for; heads that none fits take the smallest, which larger GPUs may still have.
template <class A, class Launch>
void with_tile(const PartCounts& parts, int64_t dims, const Launch& launch) {
  constexpr int kLarge = simt::kWarp, kSmall = kLarge / 2;
  const size_t bytes = parts.bytes<A>(kLarge, dims);
  if (bytes <= kMostShared) return launch(Width<kLarge>{}, bytes);
  launch(Width<kSmall>{}, parts.bytes<A>(kSmall, dims));
}

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
      if (L::column() != 0 || r >= at.rows) continue;
      up.delta[at.h * in.queries + at.row + r] = delta[r] = total / of_one;
    }
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

// Calls launch(Width<tile>{}, shape of the launch) for tiles of all sequences' `rows` rows.
template <class F, class Launch>
void for_tiles(const Inputs<F>& in, const PartCounts& parts, int64_t rows, const Launch& launch) {
  with_tile<Acc<F>>(parts, in.dims, [&](auto tile, size_t bytes) {
    const int64_t tiles = tile_slots(rows, in.sequences, tile.value);
    launch(tile, simt::Launch{in.heads * tiles, kBlock, bytes});
  });
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

}  // namespace

void attention_forward(Stream s, Tensor out, Tensor out_error, Tensor log_sum_exp,
                       Tensor probabilities, Columns q, Columns k, Columns v,
                       const AttentionShape& shape, const Dropout& dropout) {
  for_float(out.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const Inputs<F> in = inputs_of<F>(q, k, v, shape, dropout);
    const Heads<F> to = heads_of<F>({out, 0});
    if (!tensor_core_forward(s, in, to, data<BFloat16>(out_error), data<A>(log_sum_exp),
                             most_rows(shape, in.queries)))
      general_forward(s, in, to, data<A>(log_sum_exp));
    if (!probabilities) return;
    for_tiles(in, kProbabilityParts, in.queries, [&](auto tile, const simt::Launch& launch) {
      simt::launch(s, launch, probabilities_kernel<F, decltype(tile)::value>, in,
                   data<const A>(log_sum_exp), data<F>(probabilities), probabilities.shape[3],
                   data<const int32_t>(shape.positions_q));
    });
  });
}

void attention_backward(Stream s, Columns dq, Columns dk, Columns dv, Tensor dout, Tensor out,
                        Tensor out_error, Columns q, Columns k, Columns v, Tensor log_sum_exp,
                        Tensor workspace, const AttentionShape& shape, const Dropout& dropout) {
  for_float(dout.dtype, [&](auto tag) {
    using F = typename decltype(tag)::type;
    using A = Acc<F>;
    const Inputs<F> in = inputs_of<F>(q, k, v, shape, dropout);
    const Heads<const F> upstream = heads_of<const F>({dout, 0});
    const Heads<F> to_q = heads_of<F>(dq), to_k = heads_of<F>(dk), to_v = heads_of<F>(dv);
    const A* const statistics = data<const A>(log_sum_exp);
    if (tensor_core_backward(s, in, {upstream, to_q, to_k, to_v}, data<const F>(out),
                             data<const BFloat16>(out_error), statistics, workspace.data,
                             most_rows(shape, k.matrix.shape[0])))
      return;
    general_backward(s, in, {upstream, statistics, data<A>(workspace)}, to_q, to_k, to_v,
                     k.matrix.shape[0]);
  });
}

}  // namespace albert::kernels::cuda
