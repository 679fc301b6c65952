#include "apps/bench/command.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/nearest.h"
#include "albert/kernels/cuda/runtime/library.h"
#include "apps/bench/phases.h"
#include "apps/bench/prediction.h"
#include "apps/bench/row_file.h"
#include "apps/cli/common.h"

namespace albert::bench {
namespace {

constexpr uint64_t kMaxGpu = 1 << 20;

struct BenchFlags {
  BenchOptions options;
  std::string phases = "ceilings,inference,classification,latency,pretraining,finetuning", file,
              isa, output, compare;
  bool breakdown = false, model_only = false;
  std::string gpu = "h200";
  apps::CommonOptions common;
};

std::vector<std::string> split_phases(const std::string& text) {
  std::vector<std::string> phases;
  std::istringstream in(text);
  const auto known = all_phases();
  for (std::string phase; std::getline(in, phase, ',');) {
    if (std::find(known.begin(), known.end(), phase) == known.end()) {
      const std::string near = nearest_name(phase, known);
      fail(ErrorCode::kUsage, "--phases ", phase,
           near.empty() ? "" : " (did you mean " + near + "?)");
    }
    phases.push_back(phase);
  }
  if (phases.empty()) fail(ErrorCode::kUsage, "--phases is empty");
  return phases;
}

constexpr const char* kVnni = "_vnni";

// Of --isa; without one the best.
void choose_isa(kernels::BackendOptions& backend, const std::string& name) {
  for (const auto isa : {kernels::Isa::kGeneric, kernels::Isa::kAvx2, kernels::Isa::kAvx512}) {
    const std::string plain = kernels::name_of(isa);
    if (name != plain && name != plain + kVnni) continue;
    backend.isa = isa;
    backend.vnni = name != plain;
    if (backend.vnni && !kernels::detect_vnni(isa))
      fail(ErrorCode::kNoDevice, "--isa ", name, ": this machine has ", plain, " without VNNI");
  }
}

std::string isa_name(const kernels::Stream& s) {
  return std::string(kernels::name_of(s.isa)) + (s.vnni ? kVnni : "");
}

std::string processor() {
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "";
}

nlohmann::ordered_json libraries() {
  auto versions = nlohmann::ordered_json::object();
  for (const auto& [title, version] : kernels::cuda_library_versions()) versions[title] = version;
  return versions;
}

nlohmann::ordered_json machine_json(const BenchOptions& options) {
  if (options.device.backend.device == Device::kCuda) {
    const auto gpu = kernels::make_backend(options.device.backend);
    return {{"gpu", gpu->description()},
            {"libraries", libraries()},
            {"processor", processor()},
            {"version", ALBERT_VERSION}};
  }
  const auto backend = kernels::make_backend(options.device.backend);
  return {{"processor", processor()},
          {"threads", backend->stream().threads},
          {"isa", isa_name(backend->stream())},
          {"matmul", kernels::matmul_library()},
          {"version", ALBERT_VERSION}};
}

void print_machine(const nlohmann::ordered_json& machine, std::ostream& out) {
  if (machine.contains("gpu"))
    out << machine["gpu"].get<std::string>() << "; cuBLASLt "
        << machine["libraries"].value("cuBLASLt", "not found") << "\n";
  else
    out << machine["processor"].get<std::string>() << ", " << machine["threads"] << " threads, "
        << machine["isa"].get<std::string>() << "; " << machine["matmul"].get<std::string>()
        << "\n";
}

Gpu gpu_of(const BenchFlags& flags) {
  if (flags.gpu == "h200") return h200();
  return gpu_from(parse_json(flags.gpu, read_text_file(flags.gpu, kMaxGpu)));
}

// Predicts a GPU's times without a GPU.
int predict(const BenchFlags& flags, std::ostream& out) {
  const Gpu gpu = gpu_of(flags);
  const auto rows = predict_phases(flags.options, gpu);
  out << "predicted for " << gpu.name << ", not measured\n";
  print_predicted(rows, flags.breakdown, out);
  RowFile file(flags.output, {{"predicted_for", gpu.name}, {"version", ALBERT_VERSION}});
  for (const Row& row : rows) file.add(row);
  return 0;
}

int run(BenchFlags& flags, std::ostream& out, std::ostream& err) {
  BenchOptions& o = flags.options;
  o.phases = split_phases(flags.phases);
  o.source.file = flags.file;
  o.device = flags.common.model(err);
  choose_isa(o.device.backend, flags.isa);
  o.precision = flags.common.weights == "full" ? flags.common.precision : flags.common.weights;
  if (flags.model_only) return predict(flags, out);
  const auto machine = machine_json(o);
  print_machine(machine, out);
  RowFile file(flags.output, {{"machine", machine}});
  std::vector<Row> rows;
  run_phases(o, gpu_of(flags), [&](Row row) {
    file.add(row);
    rows.push_back(std::move(row));
  });
  print_rows(rows, flags.breakdown, out);
  if (flags.compare.empty()) return 0;
  print_compared(compared(rows, read_rows(flags.compare)), out);
  return 0;
}

}  // namespace

apps::Runner declare_bench(apps::Command& command) {
  const auto flags = std::make_shared<BenchFlags>();
  BenchOptions& o = flags->options;
  command.option(
      "phases", flags->phases,
      "ceilings, inference, classification, latency, pretraining, finetuning, tokenize; by commas");
  command.option("model", o.model, "base, large, xlarge, xxlarge, a config.json or a model folder");
  command.option("batch_size", o.batch_size, "sequences of a step");
  command.option("max_seq_length", o.length, "tokens of each, or at most, with --lengths_from");
  command.option("lengths_from", flags->file,
                 "file with sequences: text, or .jsonl of albert tokenize --json");
  command.option("tokenizer", o.source.tokenizer, "vocabulary for text");
  command.option("task", o.source.task, "the file is this task's, as for albert finetune");
  command.option("batches", o.batches, "different batches, taken in turn");
  command.option("rounds", o.rounds, "repeats; the median counts");
  command.option("seconds", o.seconds, "a round takes at least");
  for (const char* name : {"batch_size", "max_seq_length", "batches", "rounds"})
    command.limit(name, 1);
  command.limit("seconds", 0);
  command.choice("isa", flags->isa, {"generic", "avx2", "avx2_vnni", "avx512", "avx512_vnni"},
                 "instructions of our kernels, if not the best");
  command.boolean("breakdown", flags->breakdown, "also print what each kernel and matmul took");
  command.boolean("model_only", flags->model_only,
                  "run nothing: print what a GPU would take by its cost model");
  command.option("gpu", flags->gpu,
                 "of --model_only and of a GPU's budgets: h200, or a JSON file with other rates");
  command.option("output", flags->output,
                 "JSON file for all rows, kept from the first one on; FILE.jsonl is added to");
  command.option("compare", flags->compare,
                 "an earlier run's --output: print ratios and a verdict");
  apps::add_common(command, flags->common);
  apps::add_weights(command, flags->common.weights);
  return [flags](std::ostream& out, std::ostream& err) { return run(*flags, out, err); };
}

}  // namespace albert::bench
