#pragma once
// The only way in which a kernel gets threads.
#include "albert/kernels/blocks.h"
#include "albert/kernels/cpu/thread_pool.h"
#include "albert/kernels/stream.h"

namespace albert::kernels {

// Calls body(i) for i in [0, n), shared by the stream's threads; if some throw, one of their
// exceptions comes out when all have returned. `n` must come from shapes, never from the thread
// count, and body(i) must own what it writes: then the bits are the same for any number of threads.
template <class Body>
void parallel_for(const Stream& stream, int64_t n, const Body& body) {
  if (!stream.pool || n <= 1) {
    for (int64_t i = 0; i < n; ++i) body(i);
    return;
  }
  stream.pool->run(
      n, [](const void* context, int64_t i) { (*static_cast<const Body*>(context))(i); }, &body);
}

}  // namespace albert::kernels
