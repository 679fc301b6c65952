#pragma once
// Sums over the rows of a matrix in two launches that fill the GPU: each block sums a tile, then
// the tiles of a column are added up. The tiles follow from the shape alone and every sum has one
// order, so two runs give the same bits.
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {

constexpr int kColumns = 8;  // columns a thread reads at once: 16 bytes of a 16-bit type

// Returns the first n elements of the stream's workspace, for partial sums. They are free again
// when the launches that were given them have run.
template <class A>
inline A* partial_sums(const Stream& s, int64_t n) {
  const size_t bytes = static_cast<size_t>(n) * sizeof(A);
  ALBERT_CHECK(bytes <= s.workspace_bytes, "partial sums: found a workspace of ", s.workspace_bytes,
               " bytes, wanted ", bytes);
  return static_cast<A*>(s.workspace);
}

// Adds rows begin, begin + step, .. below end; Term::kRowsAtOnce of them are in flight at once.
template <int N, class A, class Term>
SIMT_DEVICE void add_rows(A (&sum)[N], int64_t begin, int64_t end, int step, int64_t c,
                          const Term& term) {
  constexpr int kAtOnce = Term::kRowsAtOnce;
  int64_t r = begin;
  for (; r + (kAtOnce - 1) * step < end; r += kAtOnce * step) {
    typename Term::Row row[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) row[k] = term.read(r + k * step, c);
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) term.add(sum, row[k], r + k * step, c);
  }
  if constexpr (kAtOnce > 1) {
#pragma unroll 1
    for (; r < end; r += step) term.add(sum, term.read(r, c), r, c);
  }
}

template <class A>
struct Partial {
  static constexpr int kRowsAtOnce = 8;
  using Row = A;
  SIMT_DEVICE Row read(int64_t r, int64_t c) const { return from[r * width + c]; }
  SIMT_DEVICE void add(A (&sum)[1], Row value, int64_t, int64_t) const { sum[0] += value; }
  const A* from;
  int64_t width;
};

constexpr int kAddedColumns = simt::kWarp, kAdders = 16;

// to[c] += partial[0][c] + partial[1][c] + ..; the columns beyond the first `cols` go to `second`.
// Each of kAdders warps sums every kAdders-th part of kAddedColumns columns.
template <class A>
SIMT_KERNEL(kAddedColumns* kAdders)
add_partials_kernel(A* to, A* second, int64_t cols, const A* partials, int64_t parts,
                    int64_t width) {
  A* const scratch = simt::shared<A>();  // [kAdders][kAddedColumns]
  const int lane = simt::lane(), warp = simt::warp();
  const int64_t c = simt::block() * kAddedColumns + lane;
  A sum[1] = {};
  if (c < width) add_rows<1>(sum, warp, parts, kAdders, c, Partial<A>{partials, width});
  scratch[simt::thread()] = sum[0];
  simt::barrier();
  if (warp != 0 || c >= width) return;
  A total = 0;
  for (int w = 0; w < kAdders; ++w) total += scratch[w * kAddedColumns + lane];
  (c < cols ? to[c] : second[c - cols]) += total;
}

// Adds partials [parts, cols] to to [cols]; or, if there is a second, [parts, 2 cols] to both.
template <class A>
inline void add_partials(const Stream& s, A* to, A* second, int64_t cols, const A* partials,
                         int64_t parts) {
  const int64_t width = second ? 2 * cols : cols;
  simt::launch(s,
               {blocks_of(width, kAddedColumns), kAddedColumns * kAdders,
                sizeof(A) * kAddedColumns * kAdders},
               add_partials_kernel<A>, to, second, cols, partials, parts, width);
}

// How a matrix is cut: a tile is rows_of_tile rows of lanes * N columns, where `lanes` threads
// share a row and the other threads walk other rows.
struct RowTiles {
  static constexpr int64_t kBlocks = 792;       // six for each multiprocessor of an H100
  static constexpr int64_t kRowsOfThread = 16;  // at least, so that partial sums are few

  RowTiles(int64_t rows_, int64_t cols_, int columns_of_thread) : rows(rows_), cols(cols_) {
    while (lanes < simt::kWarp && lanes * columns_of_thread < cols) lanes *= 2;
    const int64_t tiles = blocks_of(cols, lanes * columns_of_thread);
    rows_of_tile = std::max(kThreads / lanes * kRowsOfThread, blocks_of(rows * tiles, kBlocks));
    across = static_cast<int>(tiles);
    down = static_cast<int>(blocks_of(rows, rows_of_tile));
  }

  int64_t rows, cols, rows_of_tile;
  int lanes = 8, across, down;  // the last two: number of tiles
};

// to[tile's row of tiles][c] = the tile's sums; with one row of tiles, to[c] += them.
template <int N, class A, class Term>
SIMT_KERNEL(kThreads, Term::kResident)
sum_tile_kernel(A* to, RowTiles tiles, Term term) {
  A* const scratch = simt::shared<A>();  // [walkers][lanes * N]
  const int lane = simt::thread() % tiles.lanes, walker = simt::thread() / tiles.lanes,
            walkers = kThreads / tiles.lanes, width = tiles.lanes * N,
            block = static_cast<int>(simt::block()), down = block / tiles.across;
  const int64_t first = static_cast<int64_t>(block % tiles.across) * width,
                begin = down * tiles.rows_of_tile, below = begin + tiles.rows_of_tile;
  A sum[N] = {};
  if (first + lane * N < tiles.cols)
    add_rows<N>(sum, begin + walker, below < tiles.rows ? below : tiles.rows, walkers,
                first + lane * N, term);
  store_pack<N>(scratch + simt::thread() * N, sum, Grad::kAssign);
  simt::barrier();
  const int64_t c = first + simt::thread();
  if (simt::thread() >= width || c >= tiles.cols) return;
  A total = 0;
  for (int w = 0; w < walkers; ++w) total += scratch[w * width + simt::thread()];
  if (tiles.down == 1)
    to[c] += total;
  else
    to[down * tiles.cols + c] = total;
}

// total[c] += the sum over rows r of what term(sum, r, c) adds to sum[N], for columns [c, c + N).
// Term is a struct that is copied to the GPU, whose registers must leave room for kResident blocks
// on a multiprocessor; cols is a multiple of N.
template <int N, class A, class Term>
inline void reduce_rows(const Stream& s, int64_t rows, int64_t cols, const Term& term, A* total) {
  if (rows == 0) return;
  const RowTiles tiles(rows, cols, N);
  const bool whole = tiles.down == 1;
  A* const to = whole ? total : partial_sums<A>(s, tiles.down * cols);
  simt::launch(s, {int64_t{tiles.across} * tiles.down, kThreads, sizeof(A) * kThreads * N},
               sum_tile_kernel<N, A, Term>, to, tiles, term);
  if (!whole) add_partials<A>(s, total, nullptr, cols, to, tiles.down);
}

}  // namespace albert::kernels::cuda
