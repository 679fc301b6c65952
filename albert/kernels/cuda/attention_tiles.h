#pragma once
// Attention for any head size and type, in tiles of kTile queries and as many keys: what its
// kernels are made of. A warp takes rows of scores, a lane one key of them. Only
// attention_general.h includes this file.
#include "albert/kernels/cuda/attention.h"

namespace albert::kernels::cuda {

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

// Calls launch(Width<tile>{}, shape of the launch) for tiles of all sequences' `rows` rows.
template <class F, class Launch>
void for_tiles(const Inputs<F>& in, const PartCounts& parts, int64_t rows, const Launch& launch) {
  with_tile<Acc<F>>(parts, in.dims, [&](auto tile, size_t bytes) {
    const int64_t tiles = tile_slots(rows, in.sequences, tile.value);
    launch(tile, simt::Launch{in.heads * tiles, kBlock, bytes});
  });
}

}  // namespace albert::kernels::cuda
