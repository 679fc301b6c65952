#include <array>
#include <filesystem>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "albert/engine/weights/weight_source.h"
#include "albert/heads/formats/model_to_write.h"
#include "albert/heads/memory_plan.h"
#include "albert/heads/registry.h"
#include "albert/heads/state_dict.h"
#include "albert/kernels/gpus.h"
#include "apps/cli/common.h"
#include "apps/commands.h"
#include "apps/info_data.h"
#include "apps/info_files.h"

namespace albert::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kHopper = 9;  // the major number of its compute capability

struct InfoFlags {
  std::string folder, architecture, prefix, precision = "f32", weights = "full";
  int64_t batch = 8, length = 512;
  bool json = false;
};

std::string readable(size_t bytes) {
  std::ostringstream text;
  const double mib = static_cast<double>(bytes) / (1 << 20);
  if (mib < 1024)
    text << std::fixed << std::setprecision(1) << mib << " MiB";
  else
    text << std::fixed << std::setprecision(2) << mib / 1024 << " GiB";
  return text.str();
}

// What a folder says of its model.
struct Described {
  std::string architecture;
  AlbertConfig config;
  fs::path file;                                // of the weights
  std::unique_ptr<const WeightSource> weights;  // null when the folder has none that are read
};

ordered_json parameters_json(const Described& model) {
  constexpr std::array kParts{"embeddings", "encoder", "pooler", "head"};
  ordered_json parts;
  int64_t total = 0;
  for (const char* part : kParts) parts[part] = 0;
  const auto tensors = expected_tensors(model.architecture, model.config, model.weights.get());
  for (const auto& [name, shape] : tensors) {
    auto& count = parts[kParts.at(static_cast<size_t>(part_of(name)))];
    count = count.get<int64_t>() + shape.size();
    total += shape.size();
  }
  parts["total"] = total;
  return parts;
}

ordered_json memory_json(const Described& model, StepShape shape) {
  const MemoryPlan plan = plan_memory(model.architecture, model.config, shape, model.weights.get());
  return {{"parameters", plan.bytes.total()},
          {"optimizer", plan.moments},
          {"arena", plan.arena},
          {"total", plan.total()}};
}

ordered_json plans_json(const Described& model, const InfoFlags& flags) {
  StepShape shape{.precision = precision_of(flags.precision),
                  .weights = weights_of(flags.weights),
                  .batch = flags.batch,
                  .length = std::min(flags.length, model.config.max_position_embeddings)};
  ordered_json memory{
      {"batch", shape.batch}, {"length", shape.length}, {"precision", flags.precision}};
  memory["weights"] = flags.weights;
  memory["inference"] = memory_json(model, shape);
  shape.training = true;
  memory["training"] = memory_json(model, shape);
  shape.keep = Keep::kRecompute;
  memory["training_recomputed"] = memory_json(model, shape);
  shape.keep = Keep::kBatchedWeightGradients;
  memory["training_on_roomy_gpu"] = memory_json(model, shape);
  memory["more_on_a_gpu"] = kernels::advised_workspace(kHopper);
  return memory;
}

// Opens the folder's weights; a note where they are in a format that is not read.
void open_weights_of(Described& model, const InfoFlags& flags, std::ostream& err) {
  const FoundWeights found = find_weights(flags.folder);
  if (!found.is_read) {
    if (!found.file.empty())
      err << "albert: note: " << found.file.string()
          << ": weights that this version does not read\n";
    return;
  }
  model.file = found.file;
  model.weights = open_weights(flags.folder, flags.prefix);
  for (const auto& note : model.weights->notes()) err << "albert: note: " << note << "\n";
}

// What the flags, the config or else the weights say.
std::string architecture_of(const Described& model, const InfoFlags& flags, std::ostream& err) {
  if (!flags.architecture.empty()) return flags.architecture;
  if (!model.config.architectures.empty()) return model.config.architectures.front();
  if (!model.weights) return "AlbertModel";
  try {
    return albert::architecture_of(model.config, *model.weights);
  } catch (const Error& e) {
    err << "albert: note: " << e.what() << "\n";
    return "AlbertModel";
  }
}

Described described_by(const InfoFlags& flags, std::ostream& err) {
  std::vector<std::string> warnings;
  Described model{{}, AlbertConfig::from_folder(flags.folder, &warnings), {}, nullptr};
  for (const auto& warning : warnings) err << "albert: note: " << warning << "\n";
  open_weights_of(model, flags, err);
  model.architecture = architecture_of(model, flags, err);
  return model;
}

void print_memory(std::ostream& out, const char* label, const ordered_json& m) {
  const auto bytes = [&](const char* key) { return readable(m.at(key).get<size_t>()); };
  out << "  " << std::left << std::setw(30) << label << std::setw(12) << bytes("total")
      << "parameters " << bytes("parameters");
  if (m.at("optimizer").get<size_t>() > 0) out << ", optimizer " << bytes("optimizer");
  out << ", step " << bytes("arena") << "\n";
}

void print_text(std::ostream& out, const ordered_json& info) {
  const auto& c = info.at("config");
  out << info.at("folder").get<std::string>() << ": " << info.at("architecture").get<std::string>()
      << "\n"
      << "  " << c.at("num_hidden_layers") << " layers of " << c.at("num_hidden_groups")
      << " group(s) x " << c.at("inner_group_num") << ", hidden " << c.at("hidden_size")
      << ", heads " << c.at("num_attention_heads") << ", intermediate " << c.at("intermediate_size")
      << ", embedding " << c.at("embedding_size") << ", vocabulary " << c.at("vocab_size") << ", "
      << c.at("hidden_act").get<std::string>() << "\n";
  out << "parameters (shared ones once)\n";
  for (const auto& [part, count] : info.at("parameters").items())
    out << "  " << std::left << std::setw(12) << part << std::right << std::setw(14)
        << with_commas(count.get<int64_t>()) << "\n";
  if (!info.at("files").is_null()) print_files(out, info.at("files"));
  print_vocabulary(out, info.at("vocabulary"));
  const auto& m = info.at("memory");
  out << "memory at batch " << m.at("batch") << " x " << m.at("length") << " tokens, "
      << m.at("precision").get<std::string>() << "\n";
  const bool int8 = m.at("weights").get<std::string>() == "int8";
  print_memory(out, int8 ? "inference, int8 weights" : "inference", m.at("inference"));
  print_memory(out, "training", m.at("training"));
  print_memory(out, "training, layers recomputed", m.at("training_recomputed"));
  print_memory(out, "training, batched gradients", m.at("training_on_roomy_gpu"));
  out << "  GPU: plus " << readable(m.at("more_on_a_gpu").get<size_t>())
      << " of cuBLASLt workspace (" << readable(kernels::advised_workspace(kHopper - 1))
      << " before compute capability " << kHopper << ".0)\n";
}

int run(const InfoFlags& flags, std::ostream& out, std::ostream& err) {
  const fs::path folder = flags.folder;
  std::error_code ignored;
  if (is_training_data(folder)) {
    print_training_data(folder, flags.json, out);
    return 0;
  }
  if (!fs::is_directory(folder, ignored))
    fail(ErrorCode::kMissingInput, flags.folder, ": no such model folder, shard or checkpoint");
  if (is_checkpoint(folder)) {
    print_checkpoints(folder, flags.json, out);
    if (flags.json || !fs::exists(folder / "config.json", ignored)) return 0;
  }
  const Described model = described_by(flags, err);
  ordered_json info{{"folder", flags.folder},
                    {"architecture", model.architecture},
                    {"config", ordered_json::parse(model.config.to_json())}};
  info["parameters"] = parameters_json(model);
  info["files"] = model.weights
                      ? files_json(model.architecture, model.config, model.file, *model.weights)
                      : ordered_json();
  info["vocabulary"] = vocabulary_json(folder, model.config, err);
  info["memory"] = plans_json(model, flags);
  if (flags.json)
    out << info.dump(2) << "\n";
  else
    print_text(out, info);
  return 0;
}

}  // namespace

Runner declare_info(Command& command) {
  const auto flags = std::make_shared<InfoFlags>();
  command.positional("DIR", flags->folder,
                     "model folder, shard, folder of shards, checkpoint or run");
  command.choice("architecture", flags->architecture, architectures(),
                 "instead of the one config.json names");
  command.option("batch", flags->batch, "sequences of the step to plan");
  command.option("length", flags->length, "tokens of each, at most max_position_embeddings");
  command.limit("batch", 1);
  command.limit("length", 1);
  command.choice("precision", flags->precision, {"f32", "f64", "bf16", "f16"},
                 "of the step to plan");
  add_weights(command, flags->weights);
  add_prefix(command, flags->prefix);
  command.boolean("json", flags->json, "print JSON");
  return [flags](std::ostream& out, std::ostream& err) { return run(*flags, out, err); };
}

}  // namespace albert::apps
