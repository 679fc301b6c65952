#pragma once
#include <iosfwd>
#include <string>

#include "albert/trainer/loop/training_task.h"
#include "albert/trainer/optim/optimizer.h"
#include "albert/trainer/optim/schedule.h"
#include "albert/trainer/parallel/communicator.h"

namespace albert {

struct LoopOptions {
  std::filesystem::path output_dir;
  int64_t total_steps = 0;
  // The parts that an update is computed in, over all ranks. A run that goes on with another number
  // of ranks keeps the number it began with, and so its bits.
  int64_t micro_batches = 1;
  OptimizerOptions optimizer;
  Schedule schedule;
  // Updates between two records, evaluations, checkpoints; 0: evaluate and save at the end only.
  int64_t logging_steps = 10, eval_steps = 0, save_steps = 0;
  int64_t replica_check_steps = 0;    // between comparisons of all ranks' weights; 0: when saving
  int keep_checkpoints = 2;           // besides the best; <= 0: all
  int64_t keep_checkpoint_steps = 0;  // a checkpoint of a multiple of it is never deleted; 0: none
  std::string best_metric;            // of evaluation; empty: none is kept
  bool best_is_greater = true;
  bool load_best_at_end = false;
  // Ends after so many evaluations in a row whose best_metric is not better than the best before by
  // more than the threshold; 0: never.
  int64_t early_stopping_patience = 0;
  double early_stopping_threshold = 0;
  // Everything that decides the weights, as a flat JSON object. A checkpoint made with other
  // settings is refused: Error(kMismatch).
  std::string frozen_settings;
  std::string arguments;  // JSON that is kept as args.json in output_dir; empty: none
  bool resume = true;     // from the newest complete checkpoint in output_dir, if there is one
  // Removes the results that are there; without it they are an Error(kUsage) where resume is off.
  bool overwrite = false;
  bool tensorboard = false;  // event files in output_dir/runs, too
  bool quiet = false;
};

enum class LoopEnd : uint8_t { kDone, kStopped };  // kStopped: saved after a signal, exit code 75

struct LoopResult {
  LoopEnd end = LoopEnd::kDone;
  int64_t step = 0;
  Metrics evaluation;  // the last one, on the rank that leads
  int64_t best_step = 0;
};

// The micro-batches of an update where each rank computes `accumulation` of them. Error(kUsage)
// where the batch does not divide into so many.
int64_t micro_batches_of(int64_t batch_size, int64_t accumulation, const Communicator& ranks);

// Trains until total_steps: clipping, skipping of updates that are not finite, logging to
// output_dir/metrics.jsonl, evaluation, checkpoints; at the end output_dir itself is the model's
// folder. Killed at any moment and started again it goes on from the newest complete checkpoint to
// the same bits. Error(kDiverged) after 10 updates in a row without finite gradients; kMismatch;
// kIo.
// All ranks see the same files and are given the same options, else Error(kMismatch). The one that
// leads writes and evaluates while the others wait; a signal to one stops all after the same
// update; an error of one ends all with its code.
LoopResult train(TrainingTask& task, const LoopOptions& options, Communicator& ranks,
                 std::ostream& log);

}  // namespace albert
