#pragma once
// simt.h for nvcc. Included by simt.h only.
#include <cuda_runtime.h>

#include <climits>

#include "kernels/error.h"

#define SIMT_KERNEL(threads) __global__ void __launch_bounds__(threads)
#define SIMT_DEVICE __device__ __forceinline__

namespace albert::kernels::simt {

SIMT_DEVICE int thread() { return static_cast<int>(threadIdx.x); }
SIMT_DEVICE int threads() { return static_cast<int>(blockDim.x); }
SIMT_DEVICE int64_t block() { return static_cast<int64_t>(blockIdx.x); }

// The block's shared memory, 16-byte aligned.
template <class T>
SIMT_DEVICE T* shared() {
  extern __shared__ __align__(16) unsigned char simt_shared_memory[];
  return reinterpret_cast<T*>(simt_shared_memory);
}

SIMT_DEVICE void barrier() { __syncthreads(); }

// v of the lane whose number differs by `mask`.
template <class T>
SIMT_DEVICE T shuffle_xor(T v, int mask) {
  return __shfl_xor_sync(0xffffffffU, v, mask);
}
// Bit i: lane i's predicate.
SIMT_DEVICE uint32_t ballot(bool predicate) { return __ballot_sync(0xffffffffU, predicate); }

// The number of the lowest bit that is set; bits != 0.
SIMT_DEVICE int lowest_bit(uint32_t bits) { return __ffs(static_cast<int>(bits)) - 1; }

inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) fail(ErrorCode::kInternal, "CUDA: ", what, ": ", cudaGetErrorString(status));
}

// kernel<<<>>>(arguments...) on the stream's queue. Error(kInternal) where CUDA refuses the launch.
template <class... Parameters, class... Arguments>
void launch(const Stream& s, const Launch& shape, void (*kernel)(Parameters...), const Arguments&... arguments) {
  constexpr size_t kWithoutAsking = 48 * 1024;
  if (shape.blocks == 0) return;
  ALBERT_CHECK(shape.blocks <= INT_MAX, "a launch of ", shape.blocks, " blocks");
  if (shape.shared_bytes > kWithoutAsking)
    check(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes)),
        "shared memory of a block");
  kernel<<<static_cast<unsigned>(shape.blocks), static_cast<unsigned>(shape.threads), shape.shared_bytes,
           static_cast<cudaStream_t>(s.queue)>>>(arguments...);
  check(cudaGetLastError(), "launch");
}

}  // namespace albert::kernels::simt
