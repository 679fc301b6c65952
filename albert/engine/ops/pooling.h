#pragma once
// Of each sequence one row or a few. As in ops.h.
#include "albert/engine/ops/ops.h"

namespace albert::ops {

// y [B, H] = each sequence's rows of x [T, H], weighted by the soft-max of its logits [T, 1].
// cu_seqlens [B + 1] i32
Var softmax_pool(Tape& t, Var x, Var logits, HostView cu_seqlens);

// [count, B] i32: the rows of each sequence's largest logits [T, 1]. It has no gradient.
Tensor top_rows(Tape& t, Tensor logits, HostView cu_seqlens, int64_t count);

// Rows `index` [R] i32, in any order, of x [T, cols]. It has no gradient.
Tensor rows_at(Tape& t, Tensor x, Tensor index);

}  // namespace albert::ops
