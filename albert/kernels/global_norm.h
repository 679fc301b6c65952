#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

constexpr int64_t kNormBlock =
    65536;  // elements per partial sum; fixed, so that threads do not change the sum

// total[0] = sum of x^2 in f64; partials are summed in order. It is finite unless an element of x
// is not, or is an f64 whose square is not.
//   x [n] f32 or f64;  partials [ceil(n / kNormBlock)] f64: scratch;  total [1] f64
ALBERT_KERNEL(void sum_of_squares(Stream s, Tensor total, Tensor partials, Tensor x))

}  // namespace albert::kernels
