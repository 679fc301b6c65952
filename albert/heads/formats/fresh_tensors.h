#pragma once
// Not installed.
#include "albert/engine/parameter.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// The tensors of a source and those of `fresh` parameters, which have the values that training
// begins with (Parameter::init), of that type and the same in every run. They are kept in memory.
std::shared_ptr<const WeightSource> with_fresh_tensors(std::shared_ptr<const WeightSource> weights,
                                                       const std::vector<const Parameter*>& fresh,
                                                       double initializer_range, DType dtype);

}  // namespace albert
