#pragma once
// How LayerNorm's kernels hold rows in registers: whole rows, one or several a block.
#include "albert/kernels/cuda/dropout.h"
#include "albert/kernels/cuda/reduce_rows.h"

namespace albert::kernels::cuda {

constexpr int kMostWarps = 8;

// How a row lies in registers: each of its threads holds kPacks packs of N columns, the last of
// which may lie beyond the row unless it is kFull.
template <int kColumnsOfPack, int kPacksOfThread, bool kFullRow>
struct Held {
  static constexpr int N = kColumnsOfPack, P = kPacksOfThread;
  static constexpr bool kFull = kFullRow;
  static constexpr int kThreads = (kFull ? 4 : kMostWarps) * simt::kWarp;  // of a block at most
};
// How rows are shared out: each row to `warps` warps, as many rows at once as a block has room for.
struct RowGroups {
  int warps;   // of a row
  int groups;  // of a block
  SIMT_DEVICE int group() const { return simt::warp() / warps; }
  // Calls body(p, c) for the thread's packs and their first columns.
  template <class H, class Body>
  SIMT_DEVICE void over_packs(int64_t cols, const Body& body) const {
    const int threads = warps * simt::kWarp, within = simt::thread() % threads;
#pragma unroll
    for (int p = 0; p < H::P; ++p) {
      const int64_t c = int64_t{p * threads + within} * H::N;
      if (H::kFull || c < cols) body(p, c);
    }
  }
};

// The sums of first and second over the threads of a row, to all of them. Every thread of the block
// must come here; scratch [2 kMostWarps] lies in shared memory.
template <class A>
SIMT_DEVICE void row_sums(A& first, A& second, const RowGroups& rows, A* scratch) {
  first = warp_sum(first);
  second = warp_sum(second);
  if (rows.warps == 1) return;
  simt::barrier();  // all have read what the sums before these left
  if (simt::lane() == 0) {
    scratch[2 * simt::warp()] = first;
    scratch[2 * simt::warp() + 1] = second;
  }
  simt::barrier();
  first = second = 0;
  for (int w = rows.group() * rows.warps; w < (rows.group() + 1) * rows.warps; ++w) {
    first += scratch[2 * w];
    second += scratch[2 * w + 1];
  }
}

// Computes h = dropout(x) + residual.
template <class F, bool kDropout>
struct ResidualSum {
  // Columns [c, c + N) of a row. Bit `at` + i of `dropped` tells what became of x[c + i].
  template <int N>
  SIMT_DEVICE void fill(Acc<F> (&h)[N], uint32_t& dropped, int at, int64_t row, int64_t c) const {
    load_pack<N>(h, x + row * cols + c);
    if constexpr (kDropout) {
      Acc<F> factor[N];
      factors.fill(factor, row, c);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        h[i] *= factor[i];
        dropped |= uint32_t{factor[i] == 0} << (at + i);
      }
    }
    if (!residual) return;
    Acc<F> more[N];
    load_pack<N>(more, residual + row * cols + c);
#pragma unroll
    for (int i = 0; i < N; ++i) h[i] += more[i];
  }

  const F *x, *residual;
  DropoutFactors<Acc<F>> factors;
  int64_t rows, cols;
};

inline RowGroups row_groups(int64_t cols, int columns_of_thread) {
  constexpr int kBlockWarps = 4;
  RowGroups rows{1, 1};
  while (int64_t{rows.warps} * simt::kWarp * columns_of_thread < cols) rows.warps *= 2;
  ALBERT_CHECK(rows.warps <= kMostWarps, "layer_norm on a GPU: found rows of ", cols,
               " columns, wanted at most ", kMostWarps * simt::kWarp * columns_of_thread);
  rows.groups = std::max(1, kBlockWarps / rows.warps);
  return rows;
}
inline int threads_of(const RowGroups& rows) { return rows.warps * rows.groups * simt::kWarp; }

// Calls f(Held, RowGroups) with the way to hold rows of `cols` columns. The widths of ALBERT's
// models, 128, 768 and multiples of 1024, fill their threads.
template <class Function>
inline void for_held(bool packs, int64_t cols, const Function& f) {
  constexpr int kSingles = 16, kPacks = 4, kRow = simt::kWarp * kColumns;
  if (!packs) return f(Held<1, kSingles, false>{}, row_groups(cols, kSingles));
  const RowGroups rows = row_groups(cols, kPacks * kColumns);
  if (cols <= kRow) return f(Held<kColumns, 1, false>{}, rows);
  if (cols == 3 * kRow) return f(Held<kColumns, 3, true>{}, rows);
  if (cols == rows.warps * kPacks * kRow && rows.warps <= 4)
    return f(Held<kColumns, kPacks, true>{}, rows);
  f(Held<kColumns, kPacks, false>{}, rows);
}

template <class F, class Function>
inline void for_sum(const Tensor& x, const Tensor& residual, const Dropout& dropout,
                    const Function& f) {
  const F *from = data<const F>(x), *more = data<const F>(residual);
  const DropoutFactors<Acc<F>> factors(dropout);
  if (dropout.probability > 0)
    return f(ResidualSum<F, true>{from, more, factors, x.shape[0], x.shape[1]});
  f(ResidualSum<F, false>{from, more, factors, x.shape[0], x.shape[1]});
}

}  // namespace albert::kernels::cuda
