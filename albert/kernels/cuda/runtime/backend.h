#pragma once
#include "albert/kernels/backend.h"

namespace albert::kernels {

// Opens GPU number options.gpu by what this build was linked with: CUDA (backend.cpp), the emulator
// of tests (emulator/backend.cpp), or nothing (none.cpp). Error(kNoDevice) says why there is none.
std::unique_ptr<Backend> make_cuda_backend(const BackendOptions& options);

}  // namespace albert::kernels
