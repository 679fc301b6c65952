#pragma once
// Owners of what CUDA's runtime hands out, for the .cpp files that call it.
#include <cstddef>
#include <memory>

#include "albert/kernels/cuda/runtime/check.h"

namespace albert::kernels {

struct CudaDeleter {
  void operator()(cudaStream_t stream) const noexcept { cudaStreamDestroy(stream); }
  void operator()(cudaEvent_t event) const noexcept { cudaEventDestroy(event); }
};
using CudaStream = std::unique_ptr<CUstream_st, CudaDeleter>;
using CudaEvent = std::unique_ptr<CUevent_st, CudaDeleter>;

// The stream does not wait for the default stream, nor the default stream for it.
inline CudaStream make_cuda_stream() {
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  return CudaStream(stream);
}
inline CudaEvent make_cuda_event() {
  cudaEvent_t event = nullptr;
  check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event");
  return CudaEvent(event);
}

struct PinnedDeleter {
  void operator()(std::byte* memory) const noexcept { cudaFreeHost(memory); }
};
using PinnedMemory = std::unique_ptr<std::byte[], PinnedDeleter>;  // page-locked host memory

inline PinnedMemory make_pinned(size_t bytes) {
  void* memory = nullptr;
  if (!succeeded(cudaMallocHost(&memory, bytes)))
    fail(ErrorCode::kOutOfMemory, "cannot lock ", bytes,
         " bytes of memory for copies to and from the GPU (ulimit -l?)");
  return PinnedMemory(static_cast<std::byte*>(memory));
}

struct GpuDeleter {
  void operator()(std::byte* memory) const noexcept { cudaFree(memory); }
};
using GpuMemory = std::unique_ptr<std::byte[], GpuDeleter>;

inline GpuMemory make_gpu_memory(size_t bytes) {
  void* memory = nullptr;
  if (!succeeded(cudaMalloc(&memory, bytes)))
    fail(ErrorCode::kOutOfMemory, "the GPU has no ", bytes,
         " bytes of memory left for copies to it");
  return GpuMemory(static_cast<std::byte*>(memory));
}

}  // namespace albert::kernels
