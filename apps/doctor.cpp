#include <cmath>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "albert/albert.h"
#include "albert/kernels/backend.h"
#include "albert/kernels/cuda/runtime/library.h"
#include "albert/kernels/gpus.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

using nlohmann::ordered_json;

// Returns the value of a "key : value" line of a /proc file; empty if there is none.
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.rfind(key, 0) == 0) {
      const size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
      return begin == std::string::npos ? "" : line.substr(begin);
    }
  return "";
}

std::string free_text(int gpu) {
  try {
    return std::to_string(kernels::free_memory(gpu) >> 20) + " MiB free";
  } catch (const Error& e) {
    return e.what();
  }
}

std::vector<kernels::Isa> usable_isas() {
  std::vector<kernels::Isa> isas;
  for (const auto isa : {kernels::Isa::kGeneric, kernels::Isa::kAvx2, kernels::Isa::kAvx512})
    if (isa <= kernels::detect_isa()) isas.push_back(isa);
  return isas;
}

AlbertConfig small_config() {
  AlbertConfig c;
  c.vocab_size = 97;
  c.embedding_size = 24;
  c.hidden_size = 48;
  c.num_hidden_layers = 3;
  c.num_attention_heads = 4;
  c.intermediate_size = 96;
  c.max_position_embeddings = 40;
  c.initializer_range = 0.2;
  return c;
}

// Returns the loss and one gradient of a small pre-training step, as doubles.
std::vector<double> small_step(const ModelOptions& options) {
  auto model = AlbertForPreTraining::from_config(small_config(), options);
  ModelInputs in;
  std::vector<int64_t> ids, labels;
  for (int64_t i = 0; i < 3 * 33; ++i) {
    ids.push_back(1 + i * 7 % 96);
    labels.push_back(i % 5 == 0 ? i * 3 % 97 : -100);
  }
  in.input_ids = HostTensor::of<int64_t>({3, 33}, ids);
  const PreTrainingLabels targets{HostTensor::of<int64_t>({3, 33}, labels),
                                  HostTensor::of<int64_t>({3}, {0, 1, 0})};
  std::vector<double> result{*model.forward(in, targets, {.logits = false, .backward = true}).loss};
  const HostTensor gradient =
      model.gradients().tensors.at("albert.embeddings.word_embeddings.weight").to(DType::kF64);
  result.insert(result.end(), gradient.data<double>(), gradient.data<double>() + gradient.size());
  return result;
}

double worst_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double scale = 0, worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    scale = std::max(scale, std::fabs(b[i]));
    const double difference = std::fabs(a[i] - b[i]);
    if (std::isnan(difference)) return difference;
    worst = std::max(worst, difference);
  }
  return worst / scale;
}

void add_check(ordered_json& checks, const std::string& name, double error, double bound) {
  checks.push_back({{"check", name}, {"error", error}, {"bound", bound}, {"ok", error <= bound}});
}

// Tests every usable GPU; one that fails says why.
void test_gpus(ordered_json& checks, const std::vector<double>& exact) {
  const kernels::GpuFacts facts = kernels::find_gpus();
  for (int gpu = 0; gpu < static_cast<int>(facts.gpus.size()); ++gpu) {
    if (!kernels::why_unusable(facts, gpu).empty()) continue;
    for (const auto& [precision, bound] :
         {std::pair{Precision::kF32, 1e-4}, std::pair{Precision::kBF16, 0.1}}) {
      const std::string name =
          (precision == Precision::kF32 ? "f32 cuda:" : "bf16 cuda:") + std::to_string(gpu);
      try {
        const auto step = small_step({.precision = precision,
                                      .trainable = true,
                                      .backend = {.device = Device::kCuda, .gpu = gpu}});
        add_check(checks, name, worst_difference(step, exact), bound);
      } catch (const Error& e) {
        checks.push_back({{"check", name}, {"error", e.what()}, {"bound", bound}, {"ok", false}});
      }
    }
  }
}

// Compares every instruction set and precision with a pre-training step in f64, and different
// thread counts bit by bit.
ordered_json self_test() {
  ordered_json checks = ordered_json::array();
  const auto add = [&](const std::string& name, double error, double bound) {
    add_check(checks, name, error, bound);
  };
  const std::vector<double> exact =
      small_step({.precision = Precision::kF64,
                  .trainable = true,
                  .backend = {.threads = 1, .isa = kernels::Isa::kGeneric}});
  for (const auto isa : usable_isas()) {
    const std::string name = kernels::name_of(isa);
    const auto difference = [&](Precision precision) {
      return worst_difference(
          small_step(
              {.precision = precision, .trainable = true, .backend = {.threads = 1, .isa = isa}}),
          exact);
    };
    add("f64 " + name, difference(Precision::kF64), 1e-12);
    add("f32 " + name, difference(Precision::kF32), 1e-4);
    add("bf16 " + name, difference(Precision::kBF16), 0.1);
  }
  test_gpus(checks, exact);
  const auto one = small_step({.trainable = true, .backend = {.threads = 1}}),
             many = small_step({.trainable = true, .backend = {.threads = 5}});
  add("same bits for 1 and 5 threads", one == many ? 0 : 1, 0);
  return checks;
}

void add_cuda(ordered_json& report) {
  const kernels::GpuFacts facts = kernels::find_gpus();
  if (facts.runtime == 0) {
    report["cuda"] = "not in this build";
    return;
  }
  report["cuda"] = kernels::version_text(facts.runtime);
  report["driver"] = facts.driver == 0 ? "none" : "CUDA " + kernels::version_text(facts.driver);
  for (int gpu = 0; gpu < static_cast<int>(facts.gpus.size()); ++gpu) {
    const std::string why = kernels::why_unusable(facts, gpu);
    report["cuda:" + std::to_string(gpu)] =
        why.empty() ? kernels::text_of(facts.gpus[static_cast<size_t>(gpu)]) + ", " + free_text(gpu)
                    : why;
  }
  if (facts.gpus.empty()) report["gpus"] = kernels::why_unusable(facts, 0);
  for (const auto& [library, version] : kernels::cuda_library_versions()) report[library] = version;
}

ordered_json examine() {
  ordered_json report;
  report["version"] = ALBERT_VERSION;
  report["cpu"] = proc_value("/proc/cpuinfo", "model name");
  for (const auto isa : usable_isas()) report["instruction_sets"].push_back(kernels::name_of(isa));
  report["cores"] = std::thread::hardware_concurrency();
  report["threads"] = kernels::make_backend({})->stream().threads;
  report["memory"] = {{"total", proc_value("/proc/meminfo", "MemTotal")},
                      {"available", proc_value("/proc/meminfo", "MemAvailable")}};
  report["matmul"] = kernels::matmul_library();
  report["compiler"] = __VERSION__;
  add_cuda(report);
  report["self_test"] = self_test();
  return report;
}

bool passed(const ordered_json& report) {
  for (const auto& check : report.at("self_test"))
    if (!check.at("ok").get<bool>()) return false;
  return true;
}

void print_text(std::ostream& out, const ordered_json& report) {
  for (const auto& [key, value] : report.items())
    if (key != "self_test")
      out << key << std::string(key.size() < 18 ? 18 - key.size() : 1, ' ')
          << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  out << "self-test: a pre-training step against f64\n";
  for (const auto& check : report.at("self_test")) {
    const auto name = check.at("check").get<std::string>();
    out << "  " << (check.at("ok").get<bool>() ? "ok     " : "FAILED ") << name
        << std::string(name.size() < 32 ? 32 - name.size() : 1, ' ') << "error "
        << check.at("error") << ", bound " << check.at("bound") << "\n";
  }
}

}  // namespace

Runner declare_doctor(Command& command) {
  const auto json = std::make_shared<bool>(false);
  command.boolean("json", *json, "print JSON");
  return [json](std::ostream& out, std::ostream&) {
    const ordered_json report = examine();
    if (*json)
      out << report.dump(2) << "\n";
    else
      print_text(out, report);
    if (!passed(report))
      fail(ErrorCode::kInternal,
           "the self-test failed; please report the output of albert doctor --json");
    return 0;
  };
}

}  // namespace albert::apps
