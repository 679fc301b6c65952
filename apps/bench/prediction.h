#pragma once
#include "apps/bench/call_costs.h"
#include "apps/bench/gpu_model.h"
#include "apps/bench/phases.h"

namespace albert::bench {

// The floating-point operations of a token, as papers count them: every row through every layer,
// soft-max and LayerNorm free, the MLM head for 15 % of the tokens of pre-training; a step of
// training is three forwards.
double nominal_flops(const AlbertConfig& config, const std::string& phase, double length);

// Prices the calls of a dry run of a phase's step over all of its batches. Nothing runs.
CallCosts costs_of(const BenchOptions& options, const std::string& phase, const Gpu& gpu);

// Returns a row for each phase that has a step, named as run_phases() names it. The cost model
// prices the calls of a dry run; nothing runs and nothing is measured. Copies to and from the GPU
// and zeroing are not counted. Error(kUsage) for f64.
std::vector<Row> predict_phases(const BenchOptions& options, const Gpu& gpu);

}  // namespace albert::bench
