#pragma once
// Layers on two inputs: what Google's head for SQuAD 2.0 does to a token and another one. As in
// ops.h.
#include "albert/engine/ops/ops.h"

namespace albert::ops {

// y [R, rows] = x partT.  `part` are rows `rows` [..] i32, ascending, of the weight's elements seen
// as rows of x's width: the even ones of a weight [out, 2H] are what a layer on two concatenated
// inputs does to the first of them, the odd ones what it does to the second.
Var linear_rows(Tape& t, Var x, const Parameter& weight, HostView rows);

// y[r] = activation(x[r] + added[index[r]] + bias).  x [R, cols], added [B, cols];  index [R] i32,
// ascending
Var add_rows_activation(Tape& t, Var x, Var added, HostView index, const Parameter& bias,
                        kernels::Activation activation);

}  // namespace albert::ops
