#include "apps/bench/steps.h"

#include "albert/heads/albert_model.h"
#include "albert/heads/pretraining.h"
#include "albert/heads/sequence_classification.h"
#include "albert/trainer/optim/optimizer.h"

namespace albert::bench {
namespace {

constexpr double kLearningRate = 1e-5;
constexpr int64_t kEveryMasked = 7;

ModelOptions trainable(ModelOptions options) {
  options.trainable = true;
  return options;
}

HostTensor alternating(int64_t n) {
  HostTensor labels(DType::kI64, {n});
  for (int64_t i = 0; i < n; ++i) labels.data<int64_t>()[i] = i % 2;
  return labels;
}

template <class Model>
class Inference final : public Step {
 public:
  Inference(const AlbertConfig& config, const ModelOptions& options)
      : model_(Model::from_config(config, options)) {}
  void run(const Batch& batch) override { model_.forward(batch.inputs); }
  AlbertPreTrainedModel& model() override { return model_; }

 private:
  Model model_;
};

template <class Model>
class Training : public Step {
 public:
  Training(const AlbertConfig& config, const ModelOptions& options)
      : model_(Model::from_config(config, trainable(options))),
        optimizer_(model_, OptimizerOptions::google(OptimizerOptions::Kind::kAdamW)) {}
  void run(const Batch& batch) override {
    model_.zero_grads();
    const Deferred<double> loss = backward(batch);
    const auto update = optimizer_.step(kLearningRate);
    // As in training, a GPU computes this step while the host reads the results of the one before.
    if (before_) before_->get();
    before_ = Deferred<double>([loss, update] { return loss.get() + update.get().gradient_norm; });
  }
  AlbertPreTrainedModel& model() override { return model_; }
  void set_keep(Keep keep) override { keep_ = keep; }
  size_t state_bytes() const override {
    return optimizer_.first_moments().bytes() + optimizer_.second_moments().bytes();
  }

 protected:
  virtual Deferred<double> backward(const Batch& batch) = 0;  // the loss
  Model model_;
  Keep keep_ = Keep::kActivations;

 private:
  Optimizer optimizer_;
  std::optional<Deferred<double>> before_;
};

class Pretraining final : public Training<AlbertForPreTraining> {
 public:
  using Training::Training;

 private:
  Deferred<double> backward(const Batch& batch) override {
    const int64_t width = batch.inputs.longest();
    PreTrainingLabels labels{HostTensor(DType::kI64, {batch.sequences, width}),
                             alternating(batch.sequences)};
    for (int64_t b = 0; b < batch.sequences; ++b) {
      const auto& sequence = batch.inputs.input_ids[static_cast<size_t>(b)];
      for (int64_t s = 0; s < width; ++s)
        labels.labels.data<int64_t>()[b * width + s] =
            s < static_cast<int64_t>(sequence.size()) && s % kEveryMasked == 1
                ? sequence[static_cast<size_t>(s)]
                : -100;
    }
    const auto out =
        model_.start(batch.inputs, labels, {.logits = false, .backward = true, .keep = keep_});
    return Deferred<double>([out] { return *out.get().loss; });
  }
};

class Finetuning final : public Training<AlbertForSequenceClassification> {
 public:
  using Training::Training;

 private:
  Deferred<double> backward(const Batch& batch) override {
    const auto out =
        model_.start(batch.inputs, alternating(batch.sequences), {.backward = true, .keep = keep_});
    return Deferred<double>([out] { return *out.get().loss; });
  }
};

}  // namespace

std::unique_ptr<Step> inference_step(const AlbertConfig& config, ModelOptions options) {
  return std::make_unique<Inference<AlbertModel>>(config, options);
}
std::unique_ptr<Step> classification_step(const AlbertConfig& config, ModelOptions options) {
  return std::make_unique<Inference<AlbertForSequenceClassification>>(config, options);
}
std::unique_ptr<Step> pretraining_step(const AlbertConfig& config, ModelOptions options) {
  return std::make_unique<Pretraining>(config, options);
}
std::unique_ptr<Step> finetuning_step(const AlbertConfig& config, ModelOptions options) {
  return std::make_unique<Finetuning>(config, options);
}

std::unique_ptr<Step> step_of(const std::string& phase, const AlbertConfig& config,
                              const ModelOptions& options) {
  if (phase == "inference" || phase == "latency") return inference_step(config, options);
  if (phase == "classification") return classification_step(config, options);
  if (phase == "pretraining") return pretraining_step(config, options);
  if (phase == "finetuning") return finetuning_step(config, options);
  return nullptr;
}

}  // namespace albert::bench
