#pragma once
// cuDNN's graphs by its frontend, in builds that found its headers.
#include <string>

#include "albert/kernels/cuda/cudnn/context.h"

namespace albert::kernels {

// Says why cuDNN does not offer a graph on the GPU that `properties` describe, in cuDNN's JSON;
// empty if it does. The GPU need not be there. For tests.
std::string why_not_offered(const CudnnProblem& problem, int compute_capability,
                            const std::string& gpu);

}  // namespace albert::kernels
