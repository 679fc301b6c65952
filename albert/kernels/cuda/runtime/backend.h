#pragma once
#include "albert/kernels/backend.h"

namespace albert::kernels {

// The GPU options.GPU, by whatever this build was linked with: CUDA (backend_cuda.cpp), the
// emulator of tests (simt/emulated_backend.cpp), or nothing (backend_no_cuda.cpp). Error(kNoDevice)
// says why there is none.
std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options);

}  // namespace albert::kernels
