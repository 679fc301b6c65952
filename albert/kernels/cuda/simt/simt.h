#pragma once
// The GPU's vocabulary in one spelling for nvcc and for the emulator that g++ compiles.
// C++17. A kernel is declared with SIMT_KERNEL(threads of a block at most), or with (threads,
// blocks that a multiprocessor's registers must have room for). A block is a row of threads, a
// multiple of kWarp. Every thread of a block must reach every barrier and every lane of a warp
// every warp operation: leaving a kernel before one is an error, which the emulator reports.
#include <cstddef>
#include <cstdint>

#include "albert/kernels/stream.h"

namespace albert::kernels::simt {

constexpr int kWarp = 32;

struct Launch {
  int64_t blocks;
  int threads;              // of a block
  size_t shared_bytes = 0;  // of a block
};

}  // namespace albert::kernels::simt

#if defined(__CUDACC__)
#include "albert/kernels/cuda/simt/device_cuda.h"
#else
#include "albert/kernels/emulator/device.h"
#endif

namespace albert::kernels::simt {

SIMT_DEVICE int lane() { return thread() % kWarp; }
SIMT_DEVICE int warp() { return thread() / kWarp; }

}  // namespace albert::kernels::simt
