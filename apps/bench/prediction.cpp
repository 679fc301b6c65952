#include "apps/bench/prediction.h"

#include <algorithm>

#include "albert/base/error.h"
#include "apps/bench/call_costs.h"

namespace albert::bench {
namespace {

constexpr double kMaskedShare = 0.15;

bool is_training(const std::string& phase) {
  return phase == "pretraining" || phase == "finetuning";
}

Row cost_row(const char* kind, const std::string& name, const Cost& cost, double steps,
             double total) {
  return {{kind, name},
          {"calls", cost.calls / steps},
          {"bytes", cost.bytes / steps},
          {"flops", cost.flops / steps},
          {"seconds", cost.seconds / steps},
          {"share", cost.seconds / total}};
}

// Sorts by time, the longest first.
Row sorted(std::vector<Row> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.at("seconds") > b.at("seconds"); });
  return rows;
}

Row kernels_of(const CallCosts& costs, double steps) {
  std::vector<Row> rows;
  for (const auto& [name, cost] : costs.kernels())
    rows.push_back(cost_row("kernel", name, cost, steps, costs.total().seconds));
  return sorted(std::move(rows));
}

Row matmuls_of(const CallCosts& costs, double steps) {
  std::vector<Row> rows;
  for (const auto& [shape, cost] : costs.matmuls())
    rows.push_back(cost_row("matmul", text_of(shape), cost, steps, costs.total().seconds));
  return sorted(std::move(rows));
}

// The tokens of all batches without padding, and how many tokens each of them attends to.
struct Tokens {
  double count = 0, mean_length = 0;
};
Tokens tokens_of(const std::vector<Batch>& batches) {
  Tokens tokens;
  double pairs = 0;
  for (const Batch& batch : batches) {
    tokens.count += static_cast<double>(batch.tokens);
    for (const auto& sequence : batch.inputs.input_ids)
      pairs += static_cast<double>(sequence.size() * sequence.size());
  }
  tokens.mean_length = pairs / tokens.count;
  return tokens;
}

CallCosts priced(const Gpu& gpu, Step& step, const std::vector<Batch>& batches) {
  CallCosts costs(gpu);
  AlbertPreTrainedModel& model = step.model();
  model.session().backend().observe(&costs);
  for (const Batch& batch : batches) {
    std::vector<int64_t> lengths;
    for (const auto& sequence : batch.inputs.input_ids)
      lengths.push_back(static_cast<int64_t>(sequence.size()));
    costs.set_lengths(std::move(lengths));
    step.set_keep(choose_keep(model.config(), model.precision(), batch.tokens,
                              static_cast<int64_t>(gpu.memory)));
    step.run(batch);
  }
  costs.finish();
  model.session().backend().observe(nullptr);
  return costs;
}

Row predicted(const BenchOptions& options, const std::string& phase, const AlbertConfig& config,
              Step& step, const Gpu& gpu) {
  const std::vector<Batch> batches = batches_of(options, phase, config);
  const CallCosts costs = priced(gpu, step, batches);
  const Cost total = costs.total();
  const Tokens tokens = tokens_of(batches);
  const double steps = static_cast<double>(batches.size());
  const double nominal =
      nominal_flops(config, phase, tokens.mean_length) * tokens.count / total.seconds;
  const double peak =
      options.device.precision == Precision::kBF16 ? gpu.bf16_flops : gpu.tf32_flops;
  return {{"name", name_of(options, phase)},
          {"per_second", tokens.count / total.seconds},
          {"unit", "tokens"},
          {"seconds_per_step", total.seconds / steps},
          {"calls_per_step", total.calls / steps},
          {"flops_per_step", total.flops / steps},
          {"bytes_per_step", total.bytes / steps},
          {"nominal_flops", nominal},
          {"share_of_peak", nominal / peak},
          {"kernels", kernels_of(costs, steps)},
          {"matmuls", matmuls_of(costs, steps)}};
}

ModelOptions without_device(ModelOptions options) {
  options.backend.device = Device::kMeta;
  return options;
}

}  // namespace

CallCosts costs_of(const BenchOptions& options, const std::string& phase, const Gpu& gpu) {
  const AlbertConfig config = config_of(options.model);
  const auto step = step_of(phase, config, without_device(options.device));
  return priced(gpu, *step, batches_of(options, phase, config));
}

double nominal_flops(const AlbertConfig& config, const std::string& phase, double length) {
  const double hidden = static_cast<double>(config.hidden_size),
               inner = static_cast<double>(config.intermediate_size);
  const double embedding = static_cast<double>(config.embedding_size),
               words = static_cast<double>(config.vocab_size);
  const double layer = 8 * hidden * hidden + 4 * hidden * inner + 4 * length * hidden;
  double flops = static_cast<double>(config.num_hidden_layers * config.inner_group_num) * layer +
                 2 * embedding * hidden;
  if (phase == "pretraining") flops += kMaskedShare * 2 * (hidden * embedding + embedding * words);
  return is_training(phase) ? 3 * flops : flops;
}

std::vector<Row> predict_phases(const BenchOptions& options, const Gpu& gpu) {
  if (options.device.precision == Precision::kF64)
    fail(ErrorCode::kUsage, "--model_only knows no GPU's f64: use --precision bf16 or f32");
  const AlbertConfig config = config_of(options.model);
  const ModelOptions planned = without_device(options.device);
  std::vector<Row> rows;
  for (const std::string& phase : options.phases)
    if (const auto step = step_of(phase, config, planned))
      rows.push_back(predicted(options, phase, config, *step, gpu));
  return rows;
}

}  // namespace albert::bench
