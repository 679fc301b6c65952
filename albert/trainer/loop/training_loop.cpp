#include "albert/trainer/loop/training_loop.h"

#include <unistd.h>

#include <cmath>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

#include "albert/base/error.h"
#include "albert/engine/transfer.h"
#include "albert/trainer/loop/agreed_options.h"
#include "albert/trainer/loop/best_checkpoint.h"
#include "albert/trainer/loop/checkpoint_writer.h"
#include "albert/trainer/loop/progress.h"
#include "albert/trainer/loop/replica_check.h"
#include "albert/trainer/loop/run_folder.h"
#include "albert/trainer/loop/step_times.h"
#include "albert/trainer/loop/stop_signal.h"
#include "albert/trainer/loop/training_state.h"
#include "albert/trainer/parallel/gradient_sum.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSkipped = 10;  // updates in a row without finite gradients

class Loop {
 public:
  Loop(TrainingTask& task, const LoopOptions& options, Communicator& ranks, std::ostream& log)
      : task_(task),
        options_(options),
        ranks_(ranks),
        log_(ranks.leads() ? log : silent_),
        folder_(ranks.leads() ? std::make_unique<RunFolder>(options) : nullptr),
        writer_(folder_ ? std::make_unique<CheckpointWriter>(*folder_) : nullptr),
        scales_loss_(task.model().precision() == Precision::kF16),
        optimizer_(task.model(), optimizer_options()),
        gradients_(task.model().backend(), task.model().parameters().flat_grads(), ranks) {
    state_.frozen_settings = options.frozen_settings;
    state_.micro_batches = options.micro_batches;
  }

  LoopResult run() {
    check_same_options(ranks_, options_, runs_behind());
    resume();
    const bool terminal = !options_.quiet && ranks_.leads() && isatty(STDERR_FILENO) != 0;
    progress_.emplace(log_, terminal, options_.total_steps, state_.step);
    while (!has_ended()) {
      if (!queued_) queued_ = queue(state_.step);
      if (!queued_) return stop();
      update();
      look_at_writer();
      if (is_due(options_.replica_check_steps)) check();
      if (is_last() || is_due(options_.eval_steps)) evaluate();
      if (has_ended() || is_due(options_.save_steps)) save();
    }
    return complete();
  }

 private:
  // An update that the device was given, and what will be known of it.
  struct Queued {
    double rate;
    Deferred<Metrics> sums;
    Deferred<kernels::UpdateState> update;
    std::optional<Deferred<Optimizer::TrustRatios>> trust_ratios;  // where they are logged
  };

  OptimizerOptions optimizer_options() const {
    OptimizerOptions options = options_.optimizer;
    options.scales_loss = scales_loss_;
    return options;
  }
  bool is_last() const { return state_.step == options_.total_steps; }
  bool has_ended() const { return is_last() || out_of_patience(state_, options_); }
  bool is_due(int64_t every) const { return due_after(state_.step, every); }
  bool is_logged(int64_t step) const {
    return due_after(step, options_.logging_steps) || step == options_.total_steps;
  }
  static bool due_after(int64_t step, int64_t every) { return every > 0 && step % every == 0; }
  bool runs_behind() const { return !task_.model().backend().host_accessible(); }

  void resume() {
    const int64_t own = folder_ ? folder_->resume_step(log_).value_or(-1) : 0;
    const auto step = static_cast<int64_t>(ranks_.from_leader(static_cast<double>(own)));
    if (step >= 0) {
      const fs::path folder = Checkpoints(options_.output_dir).folder(step);
      state_ = load_training_state(folder, task_.model(), optimizer_, options_.frozen_settings);
      saved_at_ = step;
      if (!options_.quiet) log_ << "resuming from " << folder.string() << std::endl;
      check_micro_batches(folder);
    }
    state_.ranks = ranks_.size();
    if (folder_) folder_->begin(state_.step);
  }

  void check_micro_batches(const fs::path& folder) {
    if (state_.micro_batches == options_.micro_batches) return;
    if (state_.ranks == ranks_.size())
      fail(ErrorCode::kMismatch, folder.string(), ": the checkpoint is of another run: found ",
           state_.micro_batches, " micro-batches an update, wanted ", options_.micro_batches,
           "; give the old --gradient_accumulation_steps, another --output_dir, or "
           "--overwrite_output_dir to start anew");
    if (!options_.quiet)
      log_ << "albert: note: the run began on " << state_.ranks << " ranks and goes on in its "
           << state_.micro_batches << " micro-batches an update" << std::endl;
  }

  // Gives the device the update of `step`. Nothing where a rank was asked to stop: all learn it
  // here, with the counts, in the one sum over hosts that a step has.
  std::optional<Queued> queue(int64_t step) {
    if (stopping_) return std::nullopt;
    std::vector<MicroBatch> own;
    const Share share = gradients_.begin(state_.micro_batches);
    for (int64_t i = 0; i < share.count; ++i)
      own.push_back({step, share.first + i, state_.micro_batches});
    std::vector<double> totals =
        times_.measure(StepTimes::kData, [&] { return task_.counts(own); });
    totals.push_back(signal_.raised() ? 1 : 0);
    times_.measure(StepTimes::kCommunication, [&] { ranks_.sum(totals); });
    stopping_ = totals.back() > 0;
    totals.pop_back();
    if (stopping_) return std::nullopt;
    std::vector<Deferred<Metrics>> sums;
    for (const MicroBatch& part : own) {
      gradients_.begin_part();
      sums.push_back(task_.accumulate(part, totals, optimizer_.loss_scale()));
      gradients_.end_part();
    }
    times_.measure(StepTimes::kCommunication, [&] { gradients_.finish(); });
    const double rate = options_.schedule.at(step);
    Queued queued{rate, sum_of(std::move(sums)), optimizer_.step(rate), std::nullopt};
    if (folder_ && is_logged(step + 1)) queued.trust_ratios = optimizer_.trust_ratios(rate);
    return queued;
  }

  // Ends the update that was queued. If nothing has to see its weights, the one after it is queued
  // first, so that a GPU goes on while the host ends this one.
  void update() {
    const Queued current = *std::exchange(queued_, std::nullopt);
    if (may_queue_behind(state_.step + 1)) queued_ = queue(state_.step + 1);
    read_results(current);
  }

  bool may_queue_behind(int64_t step) const {
    return runs_behind() && step < options_.total_steps && !due_after(step, options_.eval_steps) &&
           !due_after(step, options_.save_steps) && !due_after(step, options_.replica_check_steps);
  }

  // The message of a check that fails names the last good checkpoint, which must be there by then.
  void check() {
    if (ranks_.size() == 1) return;
    if (writer_) writer_->wait();
    check_replicas(ranks_, task_.model(), optimizer_, state_.step, options_.output_dir);
  }

  void read_results(const Queued& queued) {
    const kernels::UpdateState now = queued.update.get();
    const Metrics sums = queued.sums.get();
    ++state_.step;
    if (now.applied != 0)
      state_.skipped_in_a_row = 0;
    else
      note_skipped(now);
    if (now.applied != 0) sums_.add(sums);
    progress_->step(state_.step, sums.at("tokens") * ranks_.size());  // shares are about alike
    if (is_logged(state_.step)) record(queued, now.gradient_norm);
  }

  void note_skipped(const kernels::UpdateState& now) {
    ++state_.skipped;
    const std::string step = "step " + std::to_string(state_.step);
    if (now.overflowed != 0)
      return progress_->note(step + ": gradients overflowed f16, update skipped; loss scale now " +
                             std::to_string(static_cast<int64_t>(now.loss_scale.value)));
    progress_->note(step + ": gradients are not finite, update skipped");
    if (++state_.skipped_in_a_row >= kMaxSkipped) fail_diverged();
  }

  [[noreturn]] void fail_diverged() {
    if (writer_) writer_->wait();
    fail(ErrorCode::kDiverged, "training diverged: ", kMaxSkipped,
         " updates in a row without finite gradients; ",
         Checkpoints(options_.output_dir).last_good(), "; try a lower --learning_rate");
  }

  Metrics over_ranks(const Metrics& own) {
    std::vector<double> values;
    for (const auto& [name, value] : own.values()) values.push_back(value);
    ranks_.sum(values);
    Metrics sums;
    size_t at = 0;
    for (const auto& [name, value] : own.values()) sums.set(name, values[at++]);
    return sums;
  }

  void record(const Queued& queued, double norm) {
    if (sums_.values().empty()) return;
    const Metrics sums = over_ranks(std::exchange(sums_, {}));
    if (!folder_) return;
    const Metrics shown = task_.averages(sums);
    Metrics logged = shown;
    logged.set("learning_rate", queued.rate);
    logged.set("gradient_norm", norm);
    logged.set("tokens_per_second", progress_->tokens_per_second());
    logged.add(times_.take_shares());
    if (state_.skipped > 0) logged.set("skipped_updates", static_cast<double>(state_.skipped));
    for (const auto& [name, ratio] : queued.trust_ratios->get())
      logged.set("trust_ratio/" + name, ratio);
    folder_->log(state_.step, logged);
    if (!options_.quiet) progress_->record(state_.step, shown);
  }

  void evaluate() {
    if (folder_) evaluation_ = task_.evaluate();
    evaluated_at_ = state_.step;
    if (!evaluation_.values().empty()) show_evaluation();
    if (!options_.best_metric.empty()) note_best();
  }

  void show_evaluation() {
    folder_->log(state_.step, evaluation_.with_prefix("eval_"));
    std::string line = "evaluation at step " + std::to_string(state_.step) + ":";
    for (const auto& [name, value] : evaluation_.values())
      line += "  " + name + " " + std::to_string(value);
    if (!options_.quiet) progress_->note(line);
  }

  void note_best() {
    const double value = ranks_.from_leader(folder_ ? value_to_judge(evaluation_, options_) : NAN);
    if (is_best(value, state_, options_) && !is_last()) save();
    if (!is_last() && has_ended() && !options_.quiet)
      progress_->note("no gain in " + std::to_string(state_.evaluations_without_gain) +
                      " evaluations, stopping early");
  }

  void save() {
    if (saved_at_ == state_.step) return;
    check();
    if (writer_) times_.measure(StepTimes::kCheckpoint, [&] { start_to_write(); });
    saved_at_ = state_.step;
  }

  void start_to_write() {
    writer_->start(state_.step, state_.best_step,
                   [write = copy_of_training_state(task_.model(), optimizer_, state_),
                    this](const fs::path& folder) {
                     write(folder);
                     task_.save_extras(folder);
                   });
  }

  void look_at_writer() {
    if (!writer_) return;
    writer_->poll();
    for (const std::string& note : writer_->take_notes()) progress_->note(note);
  }

  LoopResult stop() {
    save();
    if (writer_) writer_->finish();
    ranks_.barrier();  // no rank is gone before the checkpoint is there
    progress_->finish();
    log_ << "stopped by a signal at step " << state_.step
         << ", saved; the same command goes on from here" << std::endl;
    return {LoopEnd::kStopped, state_.step, evaluation_, state_.best_step};
  }

  LoopResult complete() {
    if (writer_) writer_->finish();
    if (!options_.quiet) progress_->finish();
    if (folder_) write_model();
    ranks_.barrier();  // no rank is gone before the model is there
    return {LoopEnd::kDone, state_.step, evaluation_, state_.best_step};
  }

  void write_model() {
    if (evaluated_at_ != state_.step)
      evaluation_ = task_.evaluate();  // resumed at the very end: it is in the log
    if (options_.load_best_at_end && state_.best_step > 0 && state_.best_step != state_.step) {
      load_weights(Checkpoints(options_.output_dir).folder(state_.best_step), task_.model());
      evaluation_ = task_.evaluate();
    }
    save_model(options_.output_dir);
    if (optimizer_.average()) write_average();
  }

  void save_model(const fs::path& folder) const {
    task_.model().save_pretrained(folder);
    task_.save_extras(folder);
  }

  // Ends with the average in the place of the weights, when nothing needs those any more.
  void write_average() {
    kernels::Backend& backend = task_.model().backend();
    upload(backend, task_.model().parameters().flat_values(),
           download(backend, optimizer_.average()));
    task_.model().sync_compute_copies();
    save_model(options_.output_dir / "ema");
    const Metrics evaluation = task_.evaluate();
    folder_->log(state_.step, evaluation.with_prefix("eval_ema_"));
    for (const auto& [name, value] : evaluation.values()) evaluation_.set("ema_" + name, value);
  }

  TrainingTask& task_;
  const LoopOptions& options_;
  Communicator& ranks_;
  std::ostream silent_{nullptr};
  std::ostream& log_;
  std::unique_ptr<RunFolder> folder_;         // of the rank that leads
  std::unique_ptr<CheckpointWriter> writer_;  // likewise
  bool scales_loss_;
  Optimizer optimizer_;
  GradientSum gradients_;
  StopSignal signal_;
  TrainingState state_;
  std::optional<Queued> queued_;
  std::optional<Progress> progress_;
  StepTimes times_;
  Metrics sums_, evaluation_;
  int64_t evaluated_at_ = -1, saved_at_ = -1;
  bool stopping_ = false;
};

}  // namespace

int64_t micro_batches_of(int64_t batch_size, int64_t accumulation, const Communicator& ranks) {
  const int64_t parts = accumulation * ranks.size();
  if (accumulation < 1)
    fail(ErrorCode::kUsage, "--gradient_accumulation_steps ", accumulation, ": wanted 1 or more");
  if (batch_size < 1 || batch_size % parts != 0)
    fail(ErrorCode::kUsage, "--train_batch_size ", batch_size, ": wanted a multiple of ", parts,
         ", the micro-batches of --gradient_accumulation_steps",
         ranks.size() > 1 ? " on all ranks" : "");
  return parts;
}

LoopResult train(TrainingTask& task, const LoopOptions& options, Communicator& ranks,
                 std::ostream& log) {
  LoopResult result;
  abort_on_error(ranks, [&] { result = Loop(task, options, ranks, log).run(); });
  return result;
}

}  // namespace albert
