#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// Brings the rows of a packed batch to their places in a padded one, for the host:
// y[p] = x[rows[p]], and zeros where rows[p] is -1.
//   x [T, cols] F;  y [P, cols] accumulator(F);  rows [P] i32 in [-1, T)
ALBERT_KERNEL(void unpack_rows(Stream s, Tensor y, Tensor x, Tensor rows))

}  // namespace albert::kernels
