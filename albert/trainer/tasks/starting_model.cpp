#include "albert/trainer/tasks/starting_model.h"

#include <algorithm>

#include "albert/base/error.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {
namespace {

// The tensors of another source without those whose names begin with `hidden`.
class PartOfWeights final : public WeightSource {
 public:
  PartOfWeights(std::unique_ptr<const WeightSource> all, const std::string& hidden)
      : all_(std::move(all)), tensors_(all_->tensors()) {
    if (hidden.empty()) return;
    std::erase_if(tensors_, [&](const auto& item) { return item.first.starts_with(hidden); });
  }
  std::string name() const override { return all_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    all_->read(tensor, to);
  }
  void check_unchanged() const override { all_->check_unchanged(); }
  std::vector<std::string> notes() const override { return all_->notes(); }

 private:
  std::unique_ptr<const WeightSource> all_;
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

AlbertConfig starting_config(const FinetuningRequest& request) {
  const auto& from = request.model.empty() ? request.config : request.model;
  if (from.empty())
    fail(ErrorCode::kUsage,
         "finetune needs --model_name_or_path, or --config_name and --tokenizer_name for a random "
         "start");
  std::vector<std::string> warnings;
  AlbertConfig config = AlbertConfig::from_pretrained(from, &warnings);
  for (const auto& warning : warnings) request.warn(warning);
  if (request.hidden_dropout) config.hidden_dropout_prob = *request.hidden_dropout;
  if (request.attention_dropout) config.attention_probs_dropout_prob = *request.attention_dropout;
  if (request.classifier_dropout) config.classifier_dropout_prob = *request.classifier_dropout;
  return config;
}

std::shared_ptr<const Tokenizer> starting_tokenizer(const FinetuningRequest& request) {
  return Tokenizer::from_pretrained(request.tokenizer.empty() ? request.model : request.tokenizer);
}

bool starts_new_head(const FinetuningRequest& request, const AlbertConfig& config,
                     const std::string& architecture) {
  const auto& heads = config.architectures;
  const bool foreign =
      !heads.empty() && std::find(heads.begin(), heads.end(), architecture) == heads.end();
  if (request.model.empty() || foreign) return true;
  const auto weights = open_weights(request.model, request.model_options.prefix);
  return !weights->tensors().contains("classifier.weight");
}

void start_model(AlbertPreTrainedModel& model, const FinetuningRequest& request,
                 const std::string& fresh) {
  ModelOptions options = request.model_options;
  options.trainable = true;
  options.allow_missing = true;
  options.seed = request.sizes.seed;
  if (request.model.empty()) return model.initialize(options);
  model.load(PartOfWeights(open_weights(request.model, options.prefix), fresh), options);
  for (const auto& name : model.load_report().missing)
    request.note("new, starts at random: " + name);
  for (const auto& warning : model.load_report().warnings) request.warn(warning);
}

}  // namespace albert
