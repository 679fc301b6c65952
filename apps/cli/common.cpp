#include "apps/cli/common.h"

#include <ostream>

#include "albert/kernels/backend.h"
#include "apps/cli/device.h"

namespace albert::apps {

void add_common(Command& command, CommonOptions& options) {
  command.option("device", options.device, "auto, cpu, cuda or cuda:N");
  command.choice("precision", options.precision, {"f32", "f64", "bf16", "f16"},
                 "what is computed in; f16 on GPUs only");
  command.boolean("tf32", options.tf32,
                  "on a GPU, let matmuls of f32 round their operands to TF32");
  command.boolean("tune_matmuls", options.tune_matmuls,
                  "on a GPU, time cuBLASLt's candidates for each matmul once and keep the fastest "
                  "on disk for every later run");
  command.choice("attention", options.attention, {"own", "cudnn"},
                 "on a GPU, whose attention kernels; cudnn where it can: bf16 or f16, without "
                 "dropout of attention");
  command.option("threads", options.threads, "threads; 0: every core this process may use");
  command.alias("precision=bf16", {"bf16"});
  command.alias("precision=f16", {"fp16"});
  command.alias("device=cpu", {"use_cpu", "no_cuda"});
  command.boolean("quiet", options.quiet, "print results and errors only");
}

void add_weights(Command& command, std::string& weights) {
  command.choice("weights", weights, {"full", "int8"},
                 "format of the encoder's weights: as --precision has them, or 8 bits, on the CPU "
                 "in f32");
}

void add_prefix(Command& command, std::string& prefix) {
  command.option("prefix", prefix,
                 "what stands before the names of the model's tensors, where a file holds several "
                 "models: module., teacher.bert.");
}

void print_load_notes(const LoadReport& report, const CommonOptions& options, std::ostream& err) {
  if (options.quiet) return;
  for (const auto& name : report.missing)
    err << "albert: note: new, starts at random: " << name << "\n";
  for (const auto& warning : report.warnings) err << "albert: note: " << warning << "\n";
}

Precision precision_of(const std::string& name) {
  if (name == "f64") return Precision::kF64;
  if (name == "bf16") return Precision::kBF16;
  return name == "f16" ? Precision::kF16 : Precision::kF32;
}

WeightFormat weights_of(const std::string& name) {
  return name == "int8" ? WeightFormat::kInt8 : WeightFormat::kFull;
}

namespace {

// Error(kUsage) where cuDNN would have nothing to do.
kernels::AttentionBackend cudnn_on(Precision precision) {
  if (precision != Precision::kBF16 && precision != Precision::kF16)
    fail(ErrorCode::kUsage,
         "--attention cudnn takes 16-bit types only: add --precision bf16, or use --attention own");
  return kernels::AttentionBackend::kCudnn;
}

}  // namespace

ModelOptions CommonOptions::model(std::ostream& err) const {
  if (threads < 0 || threads > 4096)
    fail(ErrorCode::kUsage, "--threads ", threads, ": use 1 to 4096, or 0 for all cores");
  ModelOptions options;
  options.precision = precision_of(precision);
  options.weights = weights_of(weights);
  options.prefix = prefix;
  options.backend.threads = threads;
  options.backend.tf32 = tf32;
  options.backend.tune_matmuls = tune_matmuls;
  if (attention == "cudnn") options.backend.attention = cudnn_on(options.precision);
  const bool only_cpu = device == "auto" && options.weights == WeightFormat::kInt8;
  const std::string wanted = only_cpu ? "cpu" : device;
  const kernels::GpuFacts facts = wanted == "cpu" ? kernels::GpuFacts{} : kernels::find_gpus();
  const DeviceChoice choice = choose_device(wanted, compute_dtype(options.precision), facts);
  options.backend.device = choice.device;
  options.backend.gpu = choice.gpu;
  if (attention == "cudnn" && choice.device != Device::kCuda)
    fail(ErrorCode::kUsage,
         "--attention cudnn needs a GPU, and this computes on the CPU: use --attention own");
  if (!quiet) err << "albert: note: computing on " << description(choice, facts, threads) << "\n";
  return options;
}

}  // namespace albert::apps
