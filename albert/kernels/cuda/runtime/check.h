#pragma once
// Checks for the .cpp files that call CUDA's runtime.
#include <cuda_runtime_api.h>

#include "albert/base/error.h"

namespace albert::kernels {

// True for success. CUDA also remembers an error until it is asked for it: that is cleared here,
// because the next launch would report it as its own.
inline bool succeeded(cudaError_t status) {
  if (status == cudaSuccess) return true;
  cudaGetLastError();
  return false;
}

inline void check_cuda(cudaError_t status, const char* what) {
  if (!succeeded(status))
    fail(ErrorCode::kInternal, "CUDA: ", what, ": ", cudaGetErrorString(status));
}

}  // namespace albert::kernels
