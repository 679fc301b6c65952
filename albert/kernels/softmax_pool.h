#pragma once
#include "albert/kernels/dispatch.h"

namespace albert::kernels {

// Sums the rows of each sequence, weighted by the soft-max of their logits over the sequence:
//   y[b] = sum over r of p[r] x[r],  p = softmax(logits) over cu_seqlens[b] <= r < cu_seqlens[b +
//   1] x [T, H], logits [T, 1], y [B, H] F;  p [T] accumulator(F), for backward;  cu_seqlens [B +
//   1] i32, from 0 to T
// A sequence without rows gives zeros.
ALBERT_KERNEL(void softmax_pool_forward(Stream s, Tensor y, Tensor p, Tensor x, Tensor logits,
                                        Tensor cu_seqlens))

// dx (mode)= p[r] dy[b];  dlogits (mode)= p[r] (d[r] - sum over the sequence of p d),
// d[r] = dy[b] . x[r]
//   dy [B, H] F;  d [T] accumulator(F): scratch;  p is forward's
ALBERT_KERNEL(void softmax_pool_backward(Stream s, Tensor dx, Grad dx_mode, Tensor dlogits,
                                         Grad dlogits_mode, Tensor d, Tensor dy, Tensor x, Tensor p,
                                         Tensor cu_seqlens))

// index[k, b] = the row of sequence b with its k-th largest logit; of equal ones the first row is
// taken first. A sequence of fewer rows, and one whose logits are NaN, repeats its first row.
//   index [K, B] i32;  logits, cu_seqlens as above
ALBERT_KERNEL(void top_rows(Stream s, Tensor index, Tensor logits, Tensor cu_seqlens))

}  // namespace albert::kernels
