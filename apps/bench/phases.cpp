#include "apps/bench/phases.h"

#include <algorithm>
#include <sstream>

#include "apps/bench/timing.h"
#include "apps/bench/tokenization.h"

namespace albert::bench {
namespace {

using kernels::MatmulShape;
using kernels::Profile;

struct Pass {
  Profile profile;
  double seconds = 0;  // the entire pass
  double steps = 0;
};

// Times every kernel in one pass over the batches, after a pass that is not counted.
Pass profiled_pass(Step& step, const std::vector<Batch>& batches) {
  Pass pass;
  for (const Batch& batch : batches) step.run(batch);
  step.model().session().backend().profile_into(&pass.profile);
  const auto start = Clock::now();
  for (const Batch& batch : batches) step.run(batch);
  pass.seconds = seconds_since(start);
  step.model().session().backend().profile_into(nullptr);
  pass.steps = static_cast<double>(batches.size());
  return pass;
}

Row kernel_row(const std::string& name, double calls, double seconds, const Pass& pass) {
  return {{"kernel", name},
          {"calls", calls / pass.steps},
          {"seconds", seconds / pass.steps},
          {"share", seconds / pass.seconds}};
}

// The seconds of a step's kernels, the longest first, and the time outside of kernels.
Row kernels_of(const Pass& pass) {
  std::vector<std::pair<std::string, kernels::KernelUse>> kernels(pass.profile.kernels.begin(),
                                                                  pass.profile.kernels.end());
  std::sort(kernels.begin(), kernels.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  Row rows = Row::array();
  double inside = 0;
  for (const auto& [name, use] : kernels) {
    inside += use.seconds;
    rows.push_back(kernel_row(name, static_cast<double>(use.calls), use.seconds, pass));
  }
  rows.push_back(kernel_row("outside kernels", 0, pass.seconds - inside, pass));
  return rows;
}

// The rates of a step's matmuls, beside those of the machine's library alone.
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

// The bytes of parameters in all their forms, gradients, moments and the arena.
size_t bytes_of(Step& step) {
  AlbertPreTrainedModel& model = step.model();
  const bool gradients = static_cast<bool>(model.parameters().flat_grads());
  return model.parameters().bytes(model.session().stream(), model.precision(), gradients).total() +
         model.session().arena_bytes() + step.state_bytes();
}

Row measured(const BenchOptions& options, const std::string& phase, Step& step,
             const std::vector<Batch>& batches, Ceiling& ceiling) {
  const Pass pass = profiled_pass(step, batches);
  const double at_ceiling =
      ceiling.seconds_of(pass.profile.matmuls);  // the ceiling is measured before the step
  size_t next = 0;
  const Sample tokens = measure_rate(options.rounds, options.seconds, [&] {
    const Batch& batch = batches[next++ % batches.size()];
    step.run(batch);
    return static_cast<double>(batch.tokens);
  });
  double real = 0, padded = 0;
  for (const Batch& batch : batches) {
    real += static_cast<double>(batch.tokens);
    padded += static_cast<double>(batch.padded_tokens);
  }
  const double seconds = real / tokens.median();
  Row row{{"name", name_of(options, phase)},
          {"per_second", tokens.median()},
          {"unit", "tokens"},
          {"rounds", tokens.rounds},
          {"spread", tokens.spread()},
          {"seconds_per_step", seconds / pass.steps},
          {"padded_per_second", padded / seconds},
          {"bytes", bytes_of(step)}};
  if (at_ceiling > 0) {  // f64 has no ceiling
    row["flops"] = flops_of(pass) / seconds;
    row["share_of_ceiling"] = at_ceiling / seconds;
  }
  row["kernels"] = kernels_of(pass);
  row["matmuls"] = matmuls_of(pass, ceiling);
  return row;
}

Row latency(const BenchOptions& options, const AlbertConfig& config, Ceiling& ceiling) {
  BenchOptions one = options;
  one.batch_size = 1;
  const auto step = inference_step(config, options.device);
  const auto batches = batches_of(options, "latency", config);
  Row row = measured(one, "latency", *step, batches, ceiling);
  Sample times;
  const auto start = Clock::now();
  for (size_t i = 0; seconds_since(start) < options.seconds || times.rounds.size() < 20; ++i) {
    const auto begin = Clock::now();
    step->run(batches[i % batches.size()]);
    times.rounds.push_back(seconds_since(begin));
  }
  row["p50_seconds"] = times.quantile(0.5);
  row["p90_seconds"] = times.quantile(0.9);
  row["p99_seconds"] = times.quantile(0.99);
  return row;
}

Row ceilings(Ceiling& ceiling) {
  const MatmulShape large = ceiling.large();
  std::ostringstream name;
  name << "ceiling: " << ceiling.library() << ", " << large.m << " x " << large.n << " x "
       << large.k << ' ' << large.dtype;
  return {{"name", name.str()},
          {"per_second", ceiling.best_flops() * 1e-9},
          {"unit", "GFLOP"},
          {"copy_bytes_per_second", ceiling.copy_bytes()}};
}

}  // namespace

std::vector<std::string> all_phases() {
  return {"ceilings",    "inference",  "classification", "latency",
          "pretraining", "finetuning", "tokenize"};
}

std::string name_of(const BenchOptions& options, const std::string& phase) {
  std::string name = phase + " " + options.model + " " + options.precision + " ";
  if (phase == "latency") return name + "1 x " + std::to_string(options.length);
  name += std::to_string(options.batch_size) + " x ";
  return name + (options.source.file.empty() ? std::to_string(options.length)
                                             : options.source.file.filename().string());
}

std::string text_of(const MatmulShape& s) {
  std::string text =
      std::to_string(s.m) + " x " + std::to_string(s.n) + " x " + std::to_string(s.k);
  if (s.packed) return text + " linear";
  return text + (s.transpose_a ? " aT" : "") + (s.transpose_b ? " bT" : "");
}

std::vector<Batch> batches_of(const BenchOptions& options, const std::string& phase,
                              const AlbertConfig& config) {
  if (phase == "latency")
    return fixed_batches(options.batches, 1, options.length, config.vocab_size);
  if (options.source.file.empty())
    return fixed_batches(options.batches, options.batch_size, options.length, config.vocab_size);
  return batches_from(options.source, options.batches, options.batch_size, options.length);
}

std::vector<Row> run_phases(const BenchOptions& options) {
  const AlbertConfig config = config_of(options.model);
  const auto measured_ceiling = make_ceiling(options.device, std::min(0.04, options.seconds));
  Ceiling& ceiling = *measured_ceiling;
  std::vector<Row> rows;
  for (const std::string& phase : options.phases) {
    if (phase == "ceilings") rows.push_back(ceilings(ceiling));
    if (phase == "tokenize")
      for (Row& row : tokenization(options)) rows.push_back(std::move(row));
    if (phase == "latency")
      rows.push_back(latency(options, config, ceiling));
    else if (const auto step = step_of(phase, config, options.device))
      rows.push_back(measured(options, phase, *step, batches_of(options, phase, config), ceiling));
  }
  return rows;
}

}  // namespace albert::bench
