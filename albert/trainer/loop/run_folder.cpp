#include "albert/trainer/loop/run_folder.h"

#include <ostream>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"

namespace albert {

namespace fs = std::filesystem;

RunFolder::RunFolder(const LoopOptions& options)
    : options_(options), lock_(options.output_dir), checkpoints_(options.output_dir) {
  if (options.overwrite) {
    for (const int64_t step : checkpoints_.steps()) checkpoints_.remove(step);
    return;
  }
  std::error_code ignored;
  const bool results = fs::exists(options.output_dir / "model.safetensors", ignored);
  if (checkpoints_.steps().empty() ? results : !options.resume)
    fail(ErrorCode::kUsage, options.output_dir.string(),
         ": found results of an earlier run, wanted an empty folder; choose another --output_dir, "
         "or --overwrite_output_dir to replace them");
}

std::optional<int64_t> RunFolder::resume_step(std::ostream& log) const {
  if (!options_.resume || options_.overwrite) return std::nullopt;
  std::vector<std::string> damaged;
  const auto step = checkpoints_.newest(&damaged);
  for (const auto& what : damaged)
    log << "albert: note: skipped a damaged checkpoint, " << what << std::endl;
  if (!step && !damaged.empty())
    fail(ErrorCode::kBadData, options_.output_dir.string(),
         ": found no complete checkpoint; --overwrite_output_dir starts anew");
  return step;
}

void RunFolder::begin(int64_t step) {
  if (!options_.arguments.empty())
    write_file_atomically(options_.output_dir / "args.json", options_.arguments);
  metrics_.emplace(options_.output_dir / "metrics.jsonl", step);
  if (options_.tensorboard) events_.emplace(options_.output_dir / "runs", step);
}

void RunFolder::log(int64_t step, const Metrics& metrics) {
  metrics_->write(step, metrics);
  if (events_) events_->write(step, metrics);
}

void RunFolder::save(int64_t step, int64_t best_step,
                     const std::function<void(const fs::path&)>& fill) {
  checkpoints_.write(step, fill);
  checkpoints_.prune(options_.keep_checkpoints, [&](int64_t other) {
    const int64_t every = options_.keep_checkpoint_steps;
    return other == best_step || (every > 0 && other % every == 0);
  });
}

}  // namespace albert
