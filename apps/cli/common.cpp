#include "apps/cli/common.h"

namespace albert::apps {

void add_common(Command& command, CommonOptions& options) {
  command.option("device", options.device, "auto, cpu, cuda or cuda:N");
  command.choice("precision", options.precision, {"f32", "f64", "bf16"}, "what is computed in");
  command.option("threads", options.threads, "threads; 0: every core this process may use");
  command.also("precision=bf16", {"bf16"});
  command.also("device=cpu", {"use_cpu", "no_cuda"});
  command.boolean("quiet", options.quiet, "print results and errors only");
}

ModelOptions CommonOptions::model() const {
  if (device.rfind("cuda", 0) == 0)
    fail(ErrorCode::kNoDevice, "--device ", device, ": this build has no CUDA; --device cpu works");
  if (device != "auto" && device != "cpu")
    fail(ErrorCode::kUsage, "--device ", device, ": use auto, cpu, cuda or cuda:N");
  if (threads < 0 || threads > 4096)
    fail(ErrorCode::kUsage, "--threads ", threads, ": use 1 to 4096, or 0 for all cores");
  ModelOptions options;
  options.precision = precision == "f64" ? Precision::kF64 : precision == "bf16" ? Precision::kBF16 : Precision::kF32;
  options.threads = threads;
  return options;
}

}  // namespace albert::apps
