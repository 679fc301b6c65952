#include "albert/trainer/loop/training_loop.h"

#include <unistd.h>

#include <optional>
#include <ostream>
#include <utility>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/trainer/loop/checkpoint.h"
#include "albert/trainer/loop/metrics_log.h"
#include "albert/trainer/loop/progress.h"
#include "albert/trainer/loop/stop_signal.h"
#include "albert/trainer/loop/training_state.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSkipped = 10;  // updates in a row without finite gradients (reliability P17)

class Loop {
 public:
  Loop(TrainingTask& task, const LoopOptions& options, Communicator& ranks, std::ostream& log)
      : task_(task),
        options_(options),
        ranks_(ranks),
        log_(log),
        lock_(options.output_dir),
        checkpoints_(options.output_dir),
        scales_loss_(task.model().precision() == Precision::kF16),
        optimizer_(task.model(), optimizer_options()) {
    state_.recipe = options.recipe;
  }

  LoopResult run() {
    prepare_folder();
    resume();
    if (!options_.arguments.empty())
      write_file_atomically(options_.output_dir / "args.json", options_.arguments);
    metrics_.emplace(options_.output_dir / "metrics.jsonl", state_.step);
    progress_.emplace(log_, !options_.quiet && isatty(STDERR_FILENO) != 0, options_.total_steps,
                      state_.step);
    while (state_.step < options_.total_steps) {
      update();
      const bool last = state_.step == options_.total_steps;
      if (last || due(options_.eval_steps)) evaluate();
      if (signal_.raised() && !last) return stop();
      if (last || due(options_.save_steps)) save();
    }
    finish();
    return {LoopEnd::kDone, state_.step, evaluation_, state_.best_step};
  }

 private:
  OptimizerOptions optimizer_options() const {
    OptimizerOptions options = options_.optimizer;
    options.scales_loss = scales_loss_;
    return options;
  }
  bool due(int64_t every) const { return due(every, state_.step); }
  static bool due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

  void prepare_folder() {
    if (options_.overwrite) {
      for (const int64_t step : checkpoints_.steps()) fs::remove_all(checkpoints_.folder(step));
      return;
    }
    std::error_code ignored;
    const bool results = fs::exists(options_.output_dir / "model.safetensors", ignored);
    if (checkpoints_.steps().empty() ? results : !options_.resume)
      fail(ErrorCode::kUsage, options_.output_dir.string(),
           " already has results; choose another --output_dir, or --overwrite_output_dir to "
           "replace them");
  }

  void resume() {
    if (!options_.resume || options_.overwrite) return;
    std::vector<std::string> damaged;
    const auto step = checkpoints_.newest(&damaged);
    for (const auto& what : damaged)
      log_ << "albert: note: skipped a damaged checkpoint, " << what << std::endl;
    if (!step) {
      if (!damaged.empty())
        fail(ErrorCode::kBadData, options_.output_dir.string(),
             ": no checkpoint is whole; --overwrite_output_dir starts anew");
      return;
    }
    state_ =
        load_training_state(checkpoints_.folder(*step), task_.model(), optimizer_, options_.recipe);
    if (!options_.quiet)
      log_ << "resuming from " << checkpoints_.folder(*step).string() << std::endl;
  }

  // An update that the device was given, and what will be known of it.
  struct Queued {
    double rate;
    Deferred<Metrics> sums;
    Deferred<kernels::UpdateState> update;
  };

  // The update that comes next, to its end. Where nothing has to see its weights the one after it
  // is queued first, so that a GPU goes on while the host ends this one.
  void update() {
    const Queued current = queued_ ? *std::exchange(queued_, std::nullopt) : queue(state_.step);
    if (may_queue_behind(state_.step + 1)) queued_ = queue(state_.step + 1);
    finish(current);
  }

  bool may_queue_behind(int64_t step) const {
    const bool runs_behind = !task_.model().backend().host_accessible();
    return runs_behind && step < options_.total_steps && !due(options_.eval_steps, step) &&
           !due(options_.save_steps, step) && !signal_.raised();
  }

  Queued queue(int64_t step) {
    task_.model().zero_grads();
    Deferred<Metrics> sums = task_.accumulate(step, optimizer_.loss_scale());
    ranks_.sum(task_.model().parameters().flat_grads());
    const double rate = options_.schedule.at(step);
    return {rate, std::move(sums), optimizer_.step(rate)};
  }

  void finish(const Queued& queued) {
    const kernels::UpdateState now = queued.update.get();
    const Metrics sums = queued.sums.get();
    ++state_.step;
    count_skipped(now);
    if (now.applied != 0) sums_.add(sums);
    progress_->step(state_.step, sums.at("tokens"));
    if (due(options_.logging_steps) || state_.step == options_.total_steps)
      record(queued.rate, now.gradient_norm);
  }

  void count_skipped(const kernels::UpdateState& now) {
    const bool applied = now.applied != 0;
    if (now.overflowed != 0)
      return progress_->note("step " + std::to_string(state_.step) +
                             ": gradients overflowed f16, update skipped; " + "loss scale now " +
                             std::to_string(static_cast<int64_t>(now.loss_scale.value)));
    state_.skipped_in_a_row = applied ? 0 : state_.skipped_in_a_row + 1;
    if (applied) return;
    progress_->note("step " + std::to_string(state_.step) +
                    ": gradients are not finite, update skipped");
    if (state_.skipped_in_a_row < kMaxSkipped) return;
    std::vector<std::string> ignored;
    const auto good = checkpoints_.newest(&ignored);
    fail(ErrorCode::kDiverged, "training diverged: ", kMaxSkipped,
         " updates in a row without finite gradients; ",
         good ? "the last good checkpoint is " + checkpoints_.folder(*good).string()
              : "there is no checkpoint yet",
         "; try a lower --learning_rate");
  }

  void record(double rate, double norm) {
    if (sums_.values().empty()) return;
    Metrics shown = task_.averages(sums_);
    Metrics logged = shown;
    logged.set("learning_rate", rate);
    logged.set("gradient_norm", norm);
    logged.set("tokens_per_second", progress_->tokens_per_second());
    metrics_->write(state_.step, logged);
    if (!options_.quiet) progress_->record(state_.step, shown);
    sums_ = {};
  }

  void evaluate() {
    evaluation_ = task_.evaluate();
    evaluated_at_ = state_.step;
    if (evaluation_.values().empty()) return;
    metrics_->write(state_.step, evaluation_.with_prefix("eval_"));
    std::string line = "evaluation at step " + std::to_string(state_.step) + ":";
    for (const auto& [name, value] : evaluation_.values())
      line += "  " + name + " " + std::to_string(value);
    if (!options_.quiet) progress_->note(line);
    note_best();
  }

  void note_best() {
    if (options_.best_metric.empty()) return;
    const double value = evaluation_.at(options_.best_metric);
    const bool better =
        options_.best_is_greater ? value > state_.best_value : value < state_.best_value;
    if (state_.best_step > 0 && !better) return;
    state_.best_step = state_.step;
    state_.best_value = value;
    if (state_.step < options_.total_steps) save();
  }

  void save() {
    checkpoints_.write(state_.step, [&](const fs::path& folder) {
      save_training_state(folder, task_.model(), optimizer_, state_);
      task_.save_extras(folder);
    });
    checkpoints_.prune(options_.keep_checkpoints, {state_.best_step});
  }

  LoopResult stop() {
    if (queued_) update();
    save();
    progress_->finish();
    log_ << "stopped by a signal at step " << state_.step
         << ", saved; the same command goes on from here" << std::endl;
    return {LoopEnd::kStopped, state_.step, evaluation_, state_.best_step};
  }

  void finish() {
    if (!options_.quiet) progress_->finish();
    if (evaluated_at_ != state_.step)
      evaluation_ = task_.evaluate();  // resumed at the very end: it is in the log
    if (options_.load_best_at_end && state_.best_step > 0 && state_.best_step != state_.step) {
      load_weights(checkpoints_.folder(state_.best_step), task_.model());
      evaluation_ = task_.evaluate();
    }
    task_.model().save_pretrained(options_.output_dir);
    task_.save_extras(options_.output_dir);
  }

  TrainingTask& task_;
  const LoopOptions& options_;
  Communicator& ranks_;
  std::ostream& log_;
  FolderLock lock_;
  Checkpoints checkpoints_;
  bool scales_loss_;
  Optimizer optimizer_;
  StopSignal signal_;
  TrainingState state_;
  std::optional<Queued> queued_;
  std::optional<MetricsLog> metrics_;
  std::optional<Progress> progress_;
  Metrics sums_, evaluation_;
  int64_t evaluated_at_ = -1;
};

}  // namespace

int64_t micro_batch_size(int64_t batch_size, int64_t accumulation, const Communicator& ranks) {
  if (batch_size < 1 || accumulation < 1 || batch_size % (accumulation * ranks.size()) != 0)
    fail(ErrorCode::kUsage, "a batch of ", batch_size, " does not divide into ", accumulation,
         " micro-batches", ranks.size() > 1 ? " on every rank" : "");
  return batch_size / (accumulation * ranks.size());
}

LoopResult train(TrainingTask& task, const LoopOptions& options, Communicator& ranks,
                 std::ostream& log) {
  return Loop(task, options, ranks, log).run();
}

}  // namespace albert
