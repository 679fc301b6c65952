// How a model gets its values, from a folder or at random, and gives them back.
#include <functional>

#include "albert/engine/not_finite.h"
#include "albert/engine/transfer.h"
#include "albert/engine/weights/model_folder.h"
#include "albert/heads/pretrained_model.h"
#include "albert/heads/state_dict.h"

namespace albert {
void AlbertPreTrainedModel::add_warnings(const std::vector<std::string>& warnings) {
  report_.warnings.insert(report_.warnings.end(), warnings.begin(), warnings.end());
}

void AlbertPreTrainedModel::initialize(const ModelOptions& options) {
  materialize(options);
  if (options.backend.device == Device::kMeta) return;
  draw_values(nullptr);
  sync_compute_copies();
}

void AlbertPreTrainedModel::draw_values(const std::function<bool(const Parameter&)>& wanted) {
  store_->initialize(options_.seed, config_.initializer_range, wanted);
  Parameter* words = word_embeddings_of(*store_);
  if (config_.pad_token_id && words && (!wanted || wanted(*words)))
    zero_padding_row(backend(), *words, *config_.pad_token_id);
}

void AlbertPreTrainedModel::load(const std::filesystem::path& folder, const ModelOptions& options) {
  load(*open_weights(folder, options.prefix), options);
}

void AlbertPreTrainedModel::load(const WeightSource& weights, const ModelOptions& options) {
  const StateDict found = match_state_dict(*store_, config_, weights);
  check_complete(found, weights.name(), architecture_, options.allow_missing);
  materialize(options);
  report_.unexpected = found.unexpected;
  report_.warnings = weights.notes();
  for (const Parameter* p : found.missing) report_.missing.push_back(described(*p));
  draw_values([&](const Parameter& p) { return !found.sources.contains(p.name); });
  for (const Parameter& p : store_->all()) {
    const auto source = found.sources.find(p.name);
    if (source == found.sources.end()) continue;
    const HostTensor values = weights.tensor(source->second);
    store_->write(p, values);
    if (const int64_t n = count_not_finite(values))
      report_.warnings.push_back(p.name + " holds " + std::to_string(n) +
                                 " values that are not finite");
  }
  weights.check_unchanged();
  sync_compute_copies();
}

TensorFile AlbertPreTrainedModel::state_dict() const {
  if (options_.weights == WeightFormat::kInt8)
    fail(ErrorCode::kUsage,
         "the values of weights in int8 are gone; load the model in f32 for them");
  TensorFile file;
  for (const Parameter& p : store_->all()) file.tensors.emplace(p.name, to_host(p.value));
  return file;
}

TensorFile AlbertPreTrainedModel::gradients() const {
  ALBERT_CHECK(options_.trainable, "gradients were not kept: ModelOptions::trainable is false");
  TensorFile file;
  for (const Parameter& p : store_->all()) file.tensors.emplace(p.name, to_host(p.grad));
  return file;
}

void AlbertPreTrainedModel::save_pretrained(const std::filesystem::path& folder) const {
  copy_to_save()(folder);
}

std::function<void(const std::filesystem::path& folder)> AlbertPreTrainedModel::copy_to_save()
    const {
  AlbertConfig saved = config_;
  saved.architectures = {architecture_};
  TensorFile file = state_dict();
  for (auto& [name, tensor] : file.tensors) tensor = tensor.to(DType::kF32);
  return [config = saved.to_json(), file = std::move(file)](const std::filesystem::path& folder) {
    save_model_folder(folder, config, file);
  };
}

}  // namespace albert
