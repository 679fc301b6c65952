#pragma once
// Where a step's time goes, kernel by kernel, beside what the machine could do.
#include <map>
#include <string>
#include <vector>

#include "albert/kernels/profile.h"
#include "apps/bench/call_costs.h"
#include "apps/bench/ceiling.h"
#include "apps/bench/report.h"
#include "apps/bench/steps.h"

namespace albert::bench {

// A pass over batches in which every kernel is timed.
struct Pass {
  kernels::Profile profile;
  double seconds = 0;  // the entire pass
  double steps = 0;
};

// Runs a pass that is not counted, then one that is.
Pass profiled_pass(Step& step, const std::vector<Batch>& batches);

// What a machine reaches at best, measured, and what the kernels of a pass have to do there.
struct Bounds {
  double flops = 0, copy_bytes = 0;     // per second
  std::map<std::string, Cost> kernels;  // of the whole pass; `seconds` are the cost model's
};

// Returns `gpu` with its rates in proportion to a measured large matmul and a measured copy.
Gpu at_rates(Gpu gpu, double flops, double copy_bytes);

// The kernels of a step, the longest first, then the time outside of kernels: calls, seconds and
// share of the step; where `bounds` knows the kernel also bytes and operations per second, the
// seconds of a roofline (its bytes or operations at best rates) and those of its budget (the cost
// model).
Row kernels_of(const Pass& pass, const Bounds& bounds);

// The rates of a step's matmuls, beside those of the machine's library alone.
Row matmuls_of(const Pass& pass, Ceiling& ceiling);

double flops_of(const Pass& pass);  // of the whole pass's matmuls

}  // namespace albert::bench
