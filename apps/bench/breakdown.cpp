#include "apps/bench/breakdown.h"

#include <algorithm>
#include <utility>

#include "apps/bench/phases.h"
#include "apps/bench/timing.h"

namespace albert::bench {
namespace {

Row kernel_row(const std::string& name, double calls, double seconds, const Pass& pass) {
  return {{"kernel", name},
          {"calls", calls / pass.steps},
          {"seconds", seconds / pass.steps},
          {"share", seconds / pass.seconds}};
}

void add_bounds(Row& row, const Cost& cost, double seconds, const Bounds& bounds, double steps) {
  row["bytes_per_second"] = cost.bytes / seconds;
  row["flops_per_second"] = cost.flops / seconds;
  row["roofline_seconds"] =
      std::max(cost.bytes / bounds.copy_bytes, cost.flops / bounds.flops) / steps;
  row["budget_seconds"] = cost.seconds / steps;
}

}  // namespace

Pass profiled_pass(Step& step, const std::vector<Batch>& batches) {
  Pass pass;
  kernels::Backend& backend = step.model().session().backend();
  for (const Batch& batch : batches) step.run(batch);
  backend.synchronize();
  backend.profile_into(&pass.profile);
  const auto start = Clock::now();
  for (const Batch& batch : batches) step.run(batch);
  backend.synchronize();
  pass.seconds = seconds_since(start);
  backend.profile_into(nullptr);
  kernels::collect(pass.profile);
  pass.steps = static_cast<double>(batches.size());
  return pass;
}

Gpu at_rates(Gpu gpu, double flops, double copy_bytes) {
  const double faster = flops / gpu.bf16_flops, wider = copy_bytes / gpu.copy_bytes;
  for (double Gpu::*rate :
       {&Gpu::bf16_flops, &Gpu::tf32_flops, &Gpu::f32_flops, &Gpu::attention_64_forward,
        &Gpu::attention_64_backward, &Gpu::attention_128_forward, &Gpu::attention_128_backward})
    gpu.*rate *= faster;
  gpu.copy_bytes *= wider;
  gpu.kernel_bytes *= wider;
  return gpu;
}

Row kernels_of(const Pass& pass, const Bounds& bounds) {
  std::vector<std::pair<std::string, kernels::KernelUse>> kernels(pass.profile.kernels.begin(),
                                                                  pass.profile.kernels.end());
  std::sort(kernels.begin(), kernels.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  Row rows = Row::array();
  double inside = 0;
  for (const auto& [name, use] : kernels) {
    inside += use.seconds;
    Row row = kernel_row(name, static_cast<double>(use.calls), use.seconds, pass);
    if (const auto cost = bounds.kernels.find(name); cost != bounds.kernels.end())
      add_bounds(row, cost->second, use.seconds, bounds, pass.steps);
    rows.push_back(std::move(row));
  }
  rows.push_back(kernel_row("outside kernels", 0, pass.seconds - inside, pass));
  return rows;
}

Row matmuls_of(const Pass& pass, Ceiling& ceiling) {
  Row rows = Row::array();
  for (const auto& [shape, use] : pass.profile.matmuls) {
    const double calls = static_cast<double>(use.calls), rate = calls * shape.flops() / use.seconds;
    rows.push_back({{"matmul", text_of(shape)},
                    {"calls", calls / pass.steps},
                    {"flops", rate},
                    {"ceiling", ceiling.matmul_flops(shape)},
                    {"share_of_ceiling", rate / ceiling.matmul_flops(shape)}});
  }
  return rows;
}

double flops_of(const Pass& pass) {
  double flops = 0;
  for (const auto& [shape, use] : pass.profile.matmuls)
    flops += static_cast<double>(use.calls) * shape.flops();
  return flops;
}

}  // namespace albert::bench
