#pragma once
// The loops that most kernels consist of: over elements, over the threads of a block. Every sum has
// one fixed order, independent of the GPU's schedule.
#include "albert/kernels/cuda/types.h"

namespace albert::kernels::cuda {

constexpr int kThreads = 256;

template <class Body>
SIMT_KERNEL(kThreads)
element_kernel(int64_t n, Body body) {
  const int64_t i = simt::block() * kThreads + simt::thread();
  if (i < n) body(i);
}

// Runs body(i) for i in [0, n), one thread each. Body is a struct that is copied to the GPU and
// whose operator() is SIMT_DEVICE.
template <class Body>
inline void for_elements(const Stream& s, int64_t n, const Body& body) {
  simt::launch(s, {blocks_of(n, kThreads), kThreads}, element_kernel<Body>, n, body);
}

template <class Body>
SIMT_KERNEL(kThreads)
row_pack_kernel(int64_t n, uint32_t packs, Body body) {
  const int64_t i = simt::block() * kThreads + simt::thread();
  const auto at = static_cast<uint32_t>(i);
  if (i < n) body(static_cast<int64_t>(at / packs), static_cast<int64_t>(at % packs));
}

// Runs body(row, pack) for every row and its packs of columns, one thread each.
template <class Body>
inline void for_row_packs(const Stream& s, int64_t rows, int64_t packs, const Body& body) {
  const int64_t n = rows * packs;
  ALBERT_CHECK(n <= UINT32_MAX, "a launch of ", rows, " rows of ", packs, " packs");
  simt::launch(s, {blocks_of(n, kThreads), kThreads}, row_pack_kernel<Body>, n,
               static_cast<uint32_t>(packs), body);
}

template <class A>
SIMT_DEVICE A warp_sum(A v) {
  for (int mask = simt::kWarp / 2; mask > 0; mask /= 2) v += simt::shuffle_xor(v, mask);
  return v;
}

template <class A>
SIMT_DEVICE A warp_max(A v) {
  for (int mask = simt::kWarp / 2; mask > 0; mask /= 2) {
    const A other = simt::shuffle_xor(v, mask);
    v = other > v ? other : v;
  }
  return v;
}

constexpr int kMaxWarps =
    32;  // most warps of a block: the elements of scratch that block_sum() needs

// Returns the sum over a block's threads to all of them. scratch [kMaxWarps] lies in shared memory
// and may be reused afterwards.
template <class A>
SIMT_DEVICE A block_sum(A v, A* scratch) {
  v = warp_sum(v);
  if (simt::lane() == 0) scratch[simt::warp()] = v;
  simt::barrier();
  A total = 0;
  for (int w = 0; w < simt::threads() / simt::kWarp; ++w) total += scratch[w];
  simt::barrier();
  return total;
}

template <class A>
SIMT_DEVICE A block_max(A v, A* scratch) {
  v = warp_max(v);
  if (simt::lane() == 0) scratch[simt::warp()] = v;
  simt::barrier();
  A most = scratch[0];
  for (int w = 1; w < simt::threads() / simt::kWarp; ++w)
    most = scratch[w] > most ? scratch[w] : most;
  simt::barrier();
  return most;
}

// A factor that is an argument of the launch, or is read from memory when the kernel runs.
struct Scale {
  SIMT_DEVICE double get() const { return at ? *at : value; }
  double value = 1;
  const double* at = nullptr;
};

// total = scale * sum of term[n], in f64.
template <class A>
SIMT_KERNEL(kThreads)
scaled_sum_kernel(A* total, const A* term, int64_t n, Scale scale) {
  double sum = 0;
  for (int64_t i = simt::thread(); i < n; i += kThreads) sum += static_cast<double>(term[i]);
  sum = block_sum(sum, simt::shared<double>());
  if (simt::thread() == 0) *total = static_cast<A>(scale.get() * sum);
}

template <class A>
inline void scaled_sum(const Stream& s, A* total, const A* term, int64_t n, const Scale& scale) {
  simt::launch(s, {1, kThreads, kMaxWarps * sizeof(double)}, scaled_sum_kernel<A>, total, term, n,
               scale);
}

}  // namespace albert::kernels::cuda
