#pragma once
// Not installed.
#include "albert/engine/host_tensor.h"

namespace albert {

// How many infinities and NaNs an array of any type of floats holds; 0 for integers.
int64_t count_not_finite(const HostTensor& tensor);

}  // namespace albert
