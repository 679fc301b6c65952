#include "albert/kernels/cuda/runtime/backend.h"
#include "albert/kernels/gpus.h"

namespace albert::kernels {

GpuFacts find_gpus() { return {}; }
int64_t free_memory(int gpu) { fail(ErrorCode::kNoDevice, why_unusable({}, gpu)); }
std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options) {
  fail(ErrorCode::kNoDevice, why_unusable({}, options.gpu));
}

}  // namespace albert::kernels
