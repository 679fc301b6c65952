#pragma once
// Sums rows by id in the order of the rows: no atomics, the same bits in every run.

#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {

// The block of the first row with an id adds all rows with that id; other blocks find that row and
// return.
template <class To, class F>
SIMT_KERNEL(kThreads)
scatter_kernel(To* to, const F* from, const int32_t* ids, int64_t rows, int64_t cols,
               int64_t skipped) {
  auto* const matches = simt::shared<uint32_t>();  // a bit for each of kThreads rows
  const int64_t row = simt::block();
  const int32_t id = ids[row];
  if (id == skipped) return;
  for (int64_t begin = 0; begin < rows; begin += kThreads) {
    const int64_t mine = begin + simt::thread();
    const uint32_t bits = simt::ballot(mine < rows && ids[mine] == id);
    if (simt::lane() == 0) matches[simt::warp()] = bits;
    simt::barrier();
    for (int w = 0; w < kThreads / simt::kWarp; ++w)
      for (uint32_t left = matches[w]; left != 0; left &= left - 1) {
        const int64_t r = begin + w * simt::kWarp + simt::lowest_bit(left);
        if (r < row) return;  // all threads see the same bits
        for (int64_t c = simt::thread(); c < cols; c += kThreads)
          store(to[id * cols + c], static_cast<Acc<To>>(load(from[r * cols + c])), Grad::kAdd);
      }
    simt::barrier();
  }
}

// to[ids[r]] += from[r] for every r, except into row `skipped` of the table (-1: none).
//   to [.., cols], from [rows, cols]
template <class To, class F>
inline void scatter_add(const Stream& s, To* to, const F* from, const int32_t* ids, int64_t rows,
                        int64_t cols, int64_t skipped) {
  simt::launch(s, {rows, kThreads, kThreads / simt::kWarp * sizeof(uint32_t)},
               scatter_kernel<To, F>, to, from, ids, rows, cols, skipped);
}

}  // namespace albert::kernels::cuda
