#pragma once
// The only place that starts threads for a kernel.
#include <algorithm>
#include <cstdint>
#if defined(ALBERT_STD_THREADS)
#include <thread>
#include <vector>
#endif

#include "albert/kernels/stream.h"

namespace albert::kernels {

// Calls body(i) for i in [0, n), shared by the stream's threads. `n` must come from shapes, never
// from the thread count, and body(i) must own what it writes: then the bits are the same for any
// number of threads. ALBERT_STD_THREADS (the tsan preset) uses std::thread: ThreadSanitizer cannot
// see libgomp's joins.
template <class Body>
void parallel_for(const Stream& stream, int64_t n, const Body& body) {
  const int threads = static_cast<int>(std::min<int64_t>(stream.threads, n));
  if (threads <= 1) {
    for (int64_t i = 0; i < n; ++i) body(i);
    return;
  }
#if defined(ALBERT_STD_THREADS)
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t)
    pool.emplace_back([&, t] {
      for (int64_t i = t; i < n; i += threads) body(i);
    });
  for (auto& thread : pool) thread.join();
#else
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (int64_t i = 0; i < n; ++i) body(i);
#endif
}

// Number of blocks of `block` elements that cover n.
constexpr int64_t blocks_of(int64_t n, int64_t block) { return (n + block - 1) / block; }

}  // namespace albert::kernels
