#pragma once
// cuDNN's graphs by its frontend. Internal to kernels/; only in builds that found its headers.
#include <string>

#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels {

// Whether cuDNN offers a graph on a GPU that is not here, described by its properties in cuDNN's
// JSON: empty, or why not. For tests.
std::string why_not_offered(const CudnnProblem& problem, int compute_capability,
                            const std::string& gpu);

}  // namespace albert::kernels
