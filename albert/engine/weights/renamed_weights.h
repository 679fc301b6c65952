#pragma once
// Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The tensor of another source that one comes from; `transposed`: a matrix that lies [in, out].
struct TensorOrigin {
  std::string name;
  bool transposed = false;
};
using TensorSources = std::map<std::string, TensorOrigin>;  // by new name

// The tensors of a source that `sources` names, under new names, and [out, in] where transposed.
std::unique_ptr<const WeightSource> renamed(std::shared_ptr<const WeightSource> weights,
                                            TensorSources sources);

}  // namespace albert
