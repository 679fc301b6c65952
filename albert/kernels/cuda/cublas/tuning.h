#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace albert::kernels {

// What it takes to time matmuls on a GPU.
struct CublasTuning {
  // The seconds that the GPU takes for what work() queues.
  std::function<double(const std::function<void()>& work)> seconds;
  // GPU memory of any contents, for the results of matmuls that must not add to anything; null
  // where there is not so much left.
  std::function<std::shared_ptr<void>(size_t bytes)> memory;
};

// The fastest of `candidates`, of which run(i) queues one or returns false; the first that runs,
// unless another is clearly faster, so that noise decides nothing. `candidates` where none runs.
size_t fastest(const CublasTuning& tuning, size_t candidates,
               const std::function<bool(size_t)>& run);

}  // namespace albert::kernels
