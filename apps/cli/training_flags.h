#pragma once
#include <functional>
#include <string>

#include "albert/trainer/loop/training_loop.h"
#include "albert/trainer/tasks/recipes.h"
#include "apps/cli/common.h"

namespace albert::apps {

// The options of every command that trains, under transformers' and Google's names.
struct TrainingFlags {
  std::string output_dir, kind = "adamw", variant = "google", schedule = "linear", resume = "auto";
  std::string report_to = "none";
  int64_t batch_size = 32, accumulation = 1, max_steps = 0;
  int ranks = 0;  // to be started here; 0: what a launcher started, else one
  double learning_rate = 5e-5, weight_decay = 0.01, max_grad_norm = 1, warmup = 0, poly_power = 1;
  int64_t start_warmup_step = 0;
  double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-6, ema_decay = 0;
  int64_t logging_steps = 10, eval_steps = 0, save_steps = 0, replica_check_steps = 100;
  int64_t keep_checkpoint_steps = 0;
  int save_total_limit = 2;
  uint64_t seed = 42;
  std::string rate_multipliers, freeze;
  bool overwrite = false, gradient_checkpointing = false;
  CommunicatorOptions communicator;
  CommonOptions common;
  std::function<std::string()> arguments;  // all options of the command as they stand, as JSON

  LoopOptions loop(const Communicator& job) const;  // needs max_steps
  // Those that decide the weights: a checkpoint made with others is not gone on from.
  nlohmann::ordered_json frozen_settings() const;
  int64_t warmup_steps() const;  // below 1: a share of max_steps
  RateMultipliers rates() const;
};
void add_training(Command& command, TrainingFlags& flags);

void print_recipe(const std::string& name, const Recipe& recipe, std::ostream& out);

// Runs `work` with the communicator of this job; its error ends the other ranks too. Ranks that do
// not lead are quiet, and those of one machine share its cores. With --ranks, starts them.
int run_ranks(TrainingFlags& flags, const Command& command,
              const std::function<int(Communicator& ranks)>& work);

// On the rank that leads, says what there is now. The exit code: 0, or 75 after a signal.
int finish_training(const TrainingFlags& flags, const LoopResult& result, const Communicator& ranks,
                    std::ostream& out);

}  // namespace albert::apps
