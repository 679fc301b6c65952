#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "albert/trainer/optim/optimizer.h"

namespace albert {

// What a run needs besides the model and the optimizer to go on as if nothing had happened: every
// random number is a function of `step`.
struct TrainingState {
  int64_t step = 0;  // updates tried
  int skipped_in_a_row = 0;
  int64_t skipped = 0;  // of all updates tried, without finite gradients
  int64_t best_step = 0;
  double best_value = 0;
  int64_t evaluations_without_gain = 0;  // since the best one, by LoopOptions' threshold
  int64_t micro_batches = 1;             // of every update
  int ranks = 1;                         // of the job that saved it
  std::string frozen_settings;           // LoopOptions
};

// Copies all that a checkpoint holds into the host's memory, three numbers a parameter, and waits
// for the device. The function that it gives writes them into a folder, on any thread, while
// training goes on: config.json, model.safetensors, training_state.safetensors (moments; masters
// too in f64), trainer_state.json.
std::function<void(const std::filesystem::path& folder)> copy_of_training_state(
    const AlbertPreTrainedModel& model, const Optimizer& optimizer, const TrainingState& state);

// Error(kMismatch) naming the first setting that differs from `frozen_settings`; kBadData.
TrainingState load_training_state(const std::filesystem::path& folder, AlbertPreTrainedModel& model,
                                  Optimizer& optimizer, const std::string& frozen_settings);

// Reads the weights alone, as they were saved. Error(kMismatch) where they are not the model's.
void load_weights(const std::filesystem::path& folder, AlbertPreTrainedModel& model);

}  // namespace albert
