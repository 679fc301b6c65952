#include "kernels/cards.h"
#include "kernels/cuda_check.h"

namespace albert::kernels {

CardFacts find_cards() {
  CardFacts facts;
  facts.runtime = CUDART_VERSION;
  facts.oldest_code = ALBERT_CUDA_OLDEST_CODE;
  if (cudaDriverGetVersion(&facts.driver) != cudaSuccess) facts.driver = 0;
  int count = 0;
  if (facts.driver == 0) return facts;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess && status != cudaErrorNoDevice) facts.failure = cudaGetErrorString(status);
  cudaGetLastError();
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp card{};
    check_cuda(cudaGetDeviceProperties(&card, i), "properties of a card");
    facts.cards.push_back({card.name, card.major, card.minor, static_cast<int64_t>(card.totalGlobalMem)});
  }
  return facts;
}

int64_t free_memory(int card) {
  size_t free = 0, total = 0;
  if (cudaSetDevice(card) != cudaSuccess || cudaMemGetInfo(&free, &total) != cudaSuccess)
    fail(ErrorCode::kNoDevice, "cuda:", card, " does not start: ", cudaGetErrorString(cudaGetLastError()));
  return static_cast<int64_t>(free);
}

}  // namespace albert::kernels
