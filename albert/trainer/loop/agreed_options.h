#pragma once
#include "albert/trainer/loop/training_loop.h"

namespace albert {

// Compares what decides the turns that a rank takes and the weights it ends with: the program, the
// options, the kind of device. Ranks that took other turns would wait for each other for ever.
// Error(kMismatch) names the first difference. To be called by all ranks.
void check_same_options(Communicator& ranks, const LoopOptions& options, bool on_gpu);

}  // namespace albert
