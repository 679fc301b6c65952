#pragma once
#include "albert/engine/ops/ops.h"
#include "albert/kernels/dropout.h"

namespace albert::ops {

// The dropout as a kernel takes it, its row_ids, seed and step staged.
kernels::Dropout on_device(Tape& t, const Dropout& dropout);

}  // namespace albert::ops
