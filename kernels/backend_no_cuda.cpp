#include "kernels/backend_cuda.h"

namespace albert::kernels {

std::unique_ptr<Backend> make_cuda_backend(const BackendOptions&) {
  fail(ErrorCode::kNoDevice, "built without CUDA: --device cpu works");
}

}  // namespace albert::kernels
