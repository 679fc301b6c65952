#pragma once
#include <memory>

#include "albert/kernels/backend.h"

namespace albert::kernels {

// The host's memory and threads. Kernels are done when they return: nothing is queued.
std::unique_ptr<Backend> make_cpu_backend(const BackendOptions& options);

}  // namespace albert::kernels
