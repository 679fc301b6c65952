#pragma once
// Checks for the .cpp files that call CUDA's runtime.
#include <cuda_runtime_api.h>

#include "albert/base/error.h"

namespace albert::kernels {

inline void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // clears the error, which the next launch would report again
  fail(ErrorCode::kInternal, "CUDA: ", what, ": ", cudaGetErrorString(status));
}

}  // namespace albert::kernels
