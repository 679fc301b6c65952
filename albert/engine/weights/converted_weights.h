#pragma once
// Not installed.
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The floats of a source in another type, each rounded once, to nearest even. Reading is
// Error(kBadData) where a finite value is none in that type (1e5 in f16).
std::unique_ptr<const WeightSource> converted(std::shared_ptr<const WeightSource> weights,
                                              DType dtype);

}  // namespace albert
