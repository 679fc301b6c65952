#include "albert/heads/formats/model_to_write.h"

#include <functional>
#include <numeric>

#include "albert/engine/weights/converted_weights.h"
#include "albert/engine/weights/renamed_weights.h"
#include "albert/heads/formats/fresh_tensors.h"
#include "albert/heads/formats/resized_words.h"
#include "albert/heads/registry.h"
#include "albert/heads/state_dict.h"

namespace albert {
namespace {

// Whether an architecture's own tensors are called "classifier", which others mean otherwise.
bool has_classifier(const std::string& architecture) {
  return architecture == "AlbertForSequenceClassification" ||
         architecture == "AlbertForMultipleChoice" ||
         architecture == "AlbertForTokenClassification";
}

// The weights without the classifier of another architecture than the wanted one.
std::shared_ptr<const WeightSource> without_foreign_classifier(
    std::shared_ptr<const WeightSource> weights, const AlbertConfig& config,
    const std::string& wanted, std::vector<std::string>& notes) {
  const std::string own = config.architectures.empty() ? "" : config.architectures.front();
  if (own == wanted || !has_classifier(own) || !has_classifier(wanted)) return weights;
  TensorSources kept;
  for (const auto& [name, info] : weights->tensors())
    if (name.starts_with("classifier."))
      notes.push_back("trained for " + own + ", left out: " + name + " " +
                      shape_string(info.shape));
    else
      kept.emplace(name, TensorOrigin{name});
  return renamed(std::move(weights), std::move(kept));
}

DType float_type(const WeightSource& weights) {
  for (const auto& [name, info] : weights.tensors())
    if (is_float(info.dtype)) return info.dtype;
  return DType::kF32;
}

// Exactly the parameters of an architecture; those that a head may begin with are made where
// `may_be_fresh`.
void take_parameters(ModelToWrite& model, std::shared_ptr<const WeightSource> weights,
                     bool may_be_fresh, std::vector<std::string>& notes) {
  const std::string& architecture = model.architecture();
  visit_head(architecture, [&](auto type) {
    const auto head = decltype(type)::type::fitting(model.config, *weights);
    const StateDict found = match_state_dict(head.parameters(), model.config, *weights);
    check_complete(found, weights->name(), architecture, may_be_fresh);
    for (const auto& name : found.unexpected)
      notes.push_back("no part of " + architecture + ", left out: " + name);
    TensorSources sources;
    for (const auto& [parameter, tensor] : found.sources)
      sources.emplace(parameter, TensorOrigin{tensor});
    const DType dtype = float_type(*weights);
    model.weights = renamed(std::move(weights), std::move(sources));
    if (found.missing.empty()) return;
    for (const Parameter* p : found.missing) {
      model.fresh.push_back(described(*p));
      notes.push_back("new in " + architecture + ", drawn at random: " + model.fresh.back());
    }
    model.weights = with_fresh_tensors(std::move(model.weights), found.missing,
                                       model.config.initializer_range, dtype);
  });
}

// Makes room for the pieces of a tokenizer; one with fewer leaves the model as it is.
std::shared_ptr<const WeightSource> with_room_for(int64_t pieces, AlbertConfig& config,
                                                  std::shared_ptr<const WeightSource> weights,
                                                  std::vector<std::string>& notes) {
  if (pieces <= config.vocab_size) return weights;
  notes.push_back("word embeddings: " + std::to_string(config.vocab_size) + " rows became " +
                  std::to_string(pieces) + ", the new ones the mean of the others");
  config.vocab_size = pieces;
  return with_resized_words(std::move(weights), pieces);
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
  if (tensors.contains("answer_class.dense_0.weight"))
    return "AlbertForQuestionAnsweringBeamSearch";
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
  ModelToWrite model;
  model.config = AlbertConfig::from_folder(folder, &notes);
  std::shared_ptr<const WeightSource> weights = open_weights(folder, choice.prefix);
  for (const auto& note : weights->notes()) notes.push_back(note);
  const std::string architecture = choice.head.empty()
                                       ? architecture_of(model.config, *weights)
                                       : std::string(head_named(choice.head).architecture);
  if (!choice.head.empty())
    weights = without_foreign_classifier(std::move(weights), model.config, architecture, notes);
  model.config.architectures = {architecture};
  const int64_t words = model.config.vocab_size;
  weights = with_room_for(choice.pieces, model.config, std::move(weights), notes);
  model.is_resized = model.config.vocab_size != words;
  take_parameters(model, std::move(weights), !choice.head.empty(), notes);
  if (choice.dtype) model.weights = converted(std::move(model.weights), *choice.dtype);
  return model;
}

}  // namespace albert
