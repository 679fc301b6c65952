// How a model gets its values, from a folder or at random, and gives them back.
#include <algorithm>
#include <cmath>

#include "albert/engine/transfer.h"
#include "albert/engine/weights/model_folder.h"
#include "albert/heads/pretrained_model.h"
#include "albert/heads/state_dict.h"

namespace albert {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

int64_t count_not_finite(const HostTensor& t) {
  const HostTensor wide = t.to(DType::kF64);
  return std::count_if(wide.data<double>(), wide.data<double>() + wide.size(),
                       [](double v) { return !std::isfinite(v); });
}

}  // namespace

AlbertConfig AlbertPreTrainedModel::read_config(const std::filesystem::path& folder,
                                                std::vector<std::string>* warnings) {
  const auto google = folder / "albert_config.json";
  std::error_code ignored;
  const bool only_google = std::filesystem::exists(google, ignored) &&
                           !std::filesystem::exists(folder / "config.json", ignored);
  return AlbertConfig::from_file(only_google ? google : folder / "config.json", warnings);
}

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
  TensorFile file = read_model_tensors(folder);
  materialize(options);
  const StateDict found = match_state_dict(*store_, config_, std::move(file.tensors));
  report_.unexpected = found.unexpected;
  if (!found.wrong.empty())
    fail(ErrorCode::kMismatch, folder.string(),
         ": tensors of the wrong shape: ", joined(found.wrong));
  if (!found.missing.empty() && !options.allow_missing)
    fail(ErrorCode::kMismatch, folder.string(), ": ", architecture_,
         " wants tensors that are not there: ", joined(found.missing));
  report_.missing = found.missing;
  draw_values([&](const Parameter& p) { return !found.tensors.contains(p.name); });
  for (const auto& [name, tensor] : found.tensors) {
    store_->write(*store_->find(name), tensor);
    if (const int64_t n = count_not_finite(tensor))
      report_.warnings.push_back(name + " holds " + std::to_string(n) +
                                 " values that are not finite");
  }
  sync_compute_copies();
}

TensorFile AlbertPreTrainedModel::state_dict() const {
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
  AlbertConfig saved = config_;
  saved.architectures = {architecture_};
  TensorFile file = state_dict();
  for (auto& [name, tensor] : file.tensors) tensor = tensor.to(DType::kF32);
  save_model_folder(folder, saved.to_json(), file);
}

}  // namespace albert
