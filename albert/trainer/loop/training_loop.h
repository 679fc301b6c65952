#pragma once
#include <iosfwd>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "albert/trainer/loop/metrics.h"
#include "albert/trainer/optim/optimizer.h"
#include "albert/trainer/optim/schedule.h"
#include "albert/trainer/parallel/communicator.h"

namespace albert {

struct LoopOptions {
  std::filesystem::path output_dir;
  int64_t total_steps = 0;
  OptimizerOptions optimizer;
  Schedule schedule;
  int64_t logging_steps = 10, eval_steps = 0,
          save_steps = 0;    // eval and save at 0: at the end only
  int keep_checkpoints = 2;  // besides the best; <= 0: all
  std::string best_metric;   // of evaluation; empty: none is kept
  bool best_is_greater = true;
  bool load_best_at_end = false;
  // Everything that decides the weights, as text. A checkpoint of another recipe is refused:
  // Error(kMismatch).
  std::string recipe;
  std::string arguments;  // JSON that is kept as args.json in output_dir; empty: none
  bool resume = true;     // from the newest complete checkpoint in output_dir, if there is one
  bool overwrite =
      false;  // remove the results that are there; without it Error(kUsage) where resume is off
  bool quiet = false;
};

// What is trained: gives gradients, says how it is doing, knows what else belongs into a saved
// folder.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;
  virtual AlbertPreTrainedModel& model() = 0;
  // Queues what adds the gradients of update `step` (all its micro-batches) times `loss_scale`
  // (ForwardOptions), and gives sums, "tokens" among them.
  virtual Deferred<Metrics> accumulate(int64_t step, Tensor loss_scale) = 0;
  // What the sums of one or more updates mean: averages to show and log.
  virtual Metrics averages(const Metrics& sums) const = 0;
  virtual Metrics evaluate() = 0;
  // Everything from_pretrained needs besides config.json and model.safetensors: the tokenizer's
  // files.
  virtual void save_extras(const std::filesystem::path& folder) const = 0;
};

enum class LoopEnd : uint8_t { kDone, kStopped };  // kStopped: saved after a signal, exit code 75

struct LoopResult {
  LoopEnd end = LoopEnd::kDone;
  int64_t step = 0;
  Metrics evaluation;  // the last one
  int64_t best_step = 0;
};

// Examples of one micro-batch on one rank. Error(kUsage) where the batch does not divide.
int64_t micro_batch_size(int64_t batch_size, int64_t accumulation, const Communicator& ranks);

// Trains until total_steps: clipping, skipping of updates that are not finite, logging to
// output_dir/metrics.jsonl, evaluation, checkpoints; at the end output_dir itself is the model's
// folder. Killed at any moment and started again it goes on from the newest complete checkpoint to
// the same bits. Error(kDiverged) after 10 updates in a row without finite gradients; kMismatch;
// kIo.
LoopResult train(TrainingTask& task, const LoopOptions& options, Communicator& ranks,
                 std::ostream& log);

}  // namespace albert
