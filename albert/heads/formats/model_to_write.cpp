#include "albert/heads/formats/model_to_write.h"

#include <functional>
#include <numeric>

#include "albert/engine/weights/converted_weights.h"
#include "albert/engine/weights/renamed_weights.h"
#include "albert/heads/registry.h"
#include "albert/heads/state_dict.h"

namespace albert {
namespace {

// Where each parameter of an architecture comes from.
TensorSources sources_of(const std::string& architecture, const AlbertConfig& config,
                         const WeightSource& weights, std::vector<std::string>& notes) {
  TensorSources sources;
  visit_head(architecture, [&](auto type) {
    const auto head = decltype(type)::type::fitting(config, weights);
    const StateDict found = match_state_dict(head.parameters(), config, weights);
    check_complete(found, weights.name(), architecture);
    for (const auto& name : found.unexpected)
      notes.push_back("no part of " + architecture + ", left out: " + name);
    for (const auto& [parameter, tensor] : found.sources)
      sources.emplace(parameter, TensorOrigin{tensor});
  });
  return sources;
}

}  // namespace

int64_t elements_of(const TensorInfo& tensor) {
  return std::accumulate(tensor.shape.begin(), tensor.shape.end(), int64_t{1}, std::multiplies<>());
}

int64_t ModelToWrite::parameters() const {
  int64_t count = 0;
  for (const auto& [name, info] : weights->tensors()) count += elements_of(info);
  return count;
}

std::string architecture_of(const AlbertConfig& config, const WeightSource& weights) {
  if (!config.architectures.empty()) return config.architectures.front();
  const auto& tensors = weights.tensors();
  if (tensors.contains("sop_classifier.classifier.weight")) return "AlbertForPreTraining";
  if (tensors.contains("predictions.dense.weight")) return "AlbertForMaskedLM";
  if (tensors.contains("qa_outputs.weight")) return "AlbertForQuestionAnswering";
  const auto classifier = tensors.find("classifier.weight");
  if (classifier == tensors.end()) return "AlbertModel";
  const auto& shape = classifier->second.shape;
  if (!shape.empty() && shape.front() == 1)
    fail(ErrorCode::kMismatch, weights.name(),
         ": found a classifier of one output, wanted \"architectures\" in the config or --head to "
         "name the model");
  return "AlbertForSequenceClassification";
}

ModelToWrite open_model(const std::filesystem::path& folder, const ModelChoice& choice,
                        std::vector<std::string>& notes) {
  ModelToWrite model{AlbertConfig::from_folder(folder, &notes), nullptr};
  std::shared_ptr<const WeightSource> weights = open_weights(folder, choice.prefix);
  for (const auto& note : weights->notes()) notes.push_back(note);
  const std::string architecture = choice.head.empty()
                                       ? architecture_of(model.config, *weights)
                                       : std::string(head_named(choice.head).architecture);
  model.config.architectures = {architecture};
  TensorSources sources = sources_of(architecture, model.config, *weights, notes);
  model.weights = renamed(std::move(weights), std::move(sources));
  if (choice.dtype) model.weights = converted(std::move(model.weights), *choice.dtype);
  return model;
}

}  // namespace albert
