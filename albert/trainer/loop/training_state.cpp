#include "albert/trainer/loop/training_state.h"

#include <utility>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/engine/transfer.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMoments = "training_state.safetensors";
constexpr const char* kState = "trainer_state.json";
constexpr uint64_t kMaxState = 1 << 20;

void restore(kernels::Backend& backend, Tensor to, const TensorFile& file, const char* name,
             const fs::path& folder) {
  const auto at = file.tensors.find(name);
  if (at == file.tensors.end() || at->second.dtype() != to.dtype ||
      at->second.size() != to.shape.size())
    fail(ErrorCode::kMismatch, (folder / kMoments).string(), ": ", name,
         " does not fit this model and --precision");
  upload(backend, to, at->second);
}

// The first difference of two flat objects: "learning_rate is 0.001 now and was 0.002".
std::string difference(const nlohmann::json& now, const nlohmann::json& before) {
  for (const auto& [key, value] : now.items())
    if (!before.contains(key) || before.at(key) != value)
      return key + " is " + value.dump() + " now and was " +
             (before.contains(key) ? before.at(key).dump() : "not there");
  for (const auto& [key, value] : before.items())
    if (!now.contains(key)) return key + " was " + value.dump();
  return "";
}

void check_settings(const std::string& now, const nlohmann::json& before, const fs::path& folder) {
  const std::string what = difference(parse_json("the settings", now), before);
  if (!what.empty())
    fail(ErrorCode::kMismatch, folder.string(), ": the checkpoint is of another run: ", what,
         "; give the old settings, another --output_dir, or --overwrite_output_dir to start anew");
}

nlohmann::ordered_json json_of(const TrainingState& state, const kernels::UpdateState& update) {
  return {{"step", state.step},
          {"optimizer_steps", static_cast<int64_t>(update.updates)},
          {"skipped_in_a_row", state.skipped_in_a_row},
          {"skipped", state.skipped},
          {"best_step", state.best_step},
          {"best_value", state.best_value},
          {"evaluations_without_gain", state.evaluations_without_gain},
          {"micro_batches", state.micro_batches},
          {"ranks", state.ranks},
          {"loss_scale", update.loss_scale.value},
          {"loss_scale_good_steps", static_cast<int64_t>(update.loss_scale.good_updates)},
          {"frozen_settings", parse_json("the settings", state.frozen_settings)}};
}

}  // namespace

std::function<void(const fs::path& folder)> copy_of_training_state(
    const AlbertPreTrainedModel& model, const Optimizer& optimizer, const TrainingState& state) {
  kernels::Backend& backend = model.backend();
  TensorFile moments;
  moments.tensors.emplace("m", download(backend, optimizer.first_moments()));
  moments.tensors.emplace("v", download(backend, optimizer.second_moments()));
  if (optimizer.average())
    moments.tensors.emplace("average", download(backend, optimizer.average()));
  if (master_dtype(model.precision()) != DType::kF32)
    moments.tensors.emplace("values", download(backend, model.parameters().flat_values()));
  std::string text = json_of(state, optimizer.state()).dump(1) + "\n";
  return [write_model = model.copy_to_save(), moments = std::move(moments),
          text = std::move(text)](const fs::path& folder) {
    write_model(folder);
    write_safetensors(folder / kMoments, moments);
    write_file_atomically(folder / kState, text);
  };
}

TrainingState load_training_state(const fs::path& folder, AlbertPreTrainedModel& model,
                                  Optimizer& optimizer, const std::string& frozen_settings) {
  const std::string name = (folder / kState).string();
  TrainingState state;
  const auto document = parse_json(name, read_text_file(folder / kState, kMaxState));
  const JsonView json(name, document);
  const JsonView before = json.at("frozen_settings").object();
  state.frozen_settings = before.raw().dump();
  check_settings(frozen_settings, before.raw(), folder);
  state.step = json.at("step").integer();
  state.skipped_in_a_row = static_cast<int>(json.at("skipped_in_a_row").integer());
  state.skipped = json.integer_or("skipped", 0);
  state.best_step = json.at("best_step").integer();
  state.best_value = json.at("best_value").number();
  state.evaluations_without_gain = json.integer_or("evaluations_without_gain", 0);
  state.micro_batches = json.at("micro_batches").integer();
  state.ranks = static_cast<int>(json.at("ranks").integer());
  optimizer.set_state({.loss_scale = {json.number_or("loss_scale", 1.0),
                                      json.number_or("loss_scale_good_steps", 0.0)},
                       .updates = json.at("optimizer_steps").number()});
  const TensorFile moments = read_safetensors(folder / kMoments);
  kernels::Backend& backend = model.backend();
  restore(backend, optimizer.first_moments(), moments, "m", folder);
  restore(backend, optimizer.second_moments(), moments, "v", folder);
  if (optimizer.average()) restore(backend, optimizer.average(), moments, "average", folder);
  load_weights(folder, model);
  if (master_dtype(model.precision()) != DType::kF32) {
    restore(backend, model.parameters().flat_values(), moments, "values", folder);
    model.sync_compute_copies();
  }
  return state;
}

void load_weights(const fs::path& folder, AlbertPreTrainedModel& model) {
  const auto weights = open_weights(folder);
  for (Parameter& p : model.parameters().all()) {
    const HostTensor values =
        weights->tensors().contains(p.name) ? weights->tensor(p.name) : HostTensor();
    if (values.size() != p.shape.size())
      fail(ErrorCode::kMismatch, folder.string(), ": ", p.name, " is missing or of another shape");
    model.parameters().write(p, values);
  }
  weights->check_unchanged();
  model.sync_compute_copies();
}

}  // namespace albert
