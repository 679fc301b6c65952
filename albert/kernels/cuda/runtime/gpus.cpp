#include "albert/kernels/gpus.h"
#include "albert/kernels/cuda/runtime/check.h"

namespace albert::kernels {

GpuFacts find_gpus() {
  GpuFacts facts;
  facts.runtime = CUDART_VERSION;
  facts.oldest_code = ALBERT_CUDA_OLDEST_CODE;
  if (!succeeded(cudaDriverGetVersion(&facts.driver))) facts.driver = 0;
  int count = 0;
  if (facts.driver == 0) return facts;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (!succeeded(status) && status != cudaErrorNoDevice) facts.failure = cudaGetErrorString(status);
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp gpu{};
    check_cuda(cudaGetDeviceProperties(&gpu, i), "properties of a GPU");
    facts.gpus.push_back(
        {gpu.name, gpu.major, gpu.minor, static_cast<int64_t>(gpu.totalGlobalMem)});
  }
  return facts;
}

int64_t free_memory(int gpu) {
  size_t free = 0, total = 0;
  if (cudaSetDevice(gpu) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess)
    fail(ErrorCode::kNoDevice, "cuda:", gpu,
         " does not start: ", cudaGetErrorString(cudaGetLastError()));
  return static_cast<int64_t>(free);
}

}  // namespace albert::kernels
