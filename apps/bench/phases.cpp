#include "apps/bench/phases.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "apps/bench/breakdown.h"
#include "apps/bench/prediction.h"
#include "apps/bench/timing.h"
#include "apps/bench/tokenization.h"

namespace albert::bench {
namespace {

using kernels::MatmulShape;

// The bytes of parameters in all their forms, gradients, moments and the arena.
size_t bytes_of(Step& step) {
  AlbertPreTrainedModel& model = step.model();
  const bool gradients = static_cast<bool>(model.parameters().flat_grads());
  const ParameterBytes parameters = model.parameters().bytes(
      model.session().stream(), model.precision(), gradients, model.weight_format());
  return parameters.total() + model.session().arena_bytes() + step.state_bytes();
}

// What bounds a phase's kernels on a machine of these ceilings; nothing where the CPU computes.
Bounds bounds_of(const BenchOptions& options, const std::string& phase, Gpu gpu, Ceiling& ceiling) {
  if (options.device.backend.device != Device::kCuda) return {};
  const double flops = ceiling.best_flops(), copy_bytes = ceiling.copy_bytes();
  gpu = at_rates(std::move(gpu), flops, copy_bytes);
  return {flops, copy_bytes, costs_of(options, phase, gpu).kernels()};
}

Row measured(const BenchOptions& options, const std::string& phase, Step& step,
             const std::vector<Batch>& batches, const Gpu& gpu, Ceiling& ceiling) {
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
  if (at_ceiling > 0 && options.precision != "int8") {  // f64 and int8 have no ceiling
    row["flops"] = flops_of(pass) / seconds;
    row["share_of_ceiling"] = at_ceiling / seconds;
  }
  row["kernels"] = kernels_of(pass, bounds_of(options, phase, gpu, ceiling));
  row["matmuls"] = matmuls_of(pass, ceiling);
  return row;
}

Row latency(const BenchOptions& options, const AlbertConfig& config, const Gpu& gpu,
            Ceiling& ceiling) {
  BenchOptions one = options;
  one.batch_size = 1;
  const auto step = inference_step(config, options.device);
  const auto batches = batches_of(options, "latency", config);
  Row row = measured(one, "latency", *step, batches, gpu, ceiling);
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

void run_phases(const BenchOptions& options, const Gpu& gpu, const std::function<void(Row)>& take) {
  const AlbertConfig config = config_of(options.model);
  const auto measured_ceiling = make_ceiling(options.device, std::min(0.04, options.seconds));
  Ceiling& ceiling = *measured_ceiling;
  for (const std::string& phase : options.phases) {
    if (phase == "ceilings") take(ceilings(ceiling));
    if (phase == "tokenize")
      for (Row& row : tokenization(options)) take(std::move(row));
    if (phase == "latency")
      take(latency(options, config, gpu, ceiling));
    else if (const auto step = step_of(phase, config, options.device))
      take(measured(options, phase, *step, batches_of(options, phase, config), gpu, ceiling));
  }
}

}  // namespace albert::bench
