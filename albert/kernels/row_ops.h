#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// y[r] = x[index[r]].  x [T, cols], y [R, cols] F;  index [R] i32 in [0, T)
ALBERT_KERNEL(void gather_rows(Stream s, Tensor y, Tensor x, Tensor index))

// dx[index[r]] += dy[r], r ascending; with kAssign dx is zeroed first. Every sum is rounded to F.
//   dx [T, cols], dy [R, cols] F;  index [R] i32 in [0, T), ascending; rows may repeat
ALBERT_KERNEL(void scatter_rows(Stream s, Tensor dx, Grad dx_mode, Tensor dy, Tensor index))

// dst = src, or dst += src, elementwise.  dst, src same shape; F each, may differ
ALBERT_KERNEL(void accumulate(Stream s, Tensor dst, Grad mode, Tensor src))

// dst = src, elementwise: a cast or a copy.  dst, src as for accumulate
inline void cast(Stream s, Tensor dst, Tensor src) { accumulate(s, dst, Grad::kAssign, src); }

// total[c] += sum over rows of x[r, c], rows in a fixed order.  x [rows, cols] F;  total [cols]
// accumulator(F)
ALBERT_KERNEL(void sum_rows(Stream s, Tensor total, Tensor x))

}  // namespace albert::kernels
