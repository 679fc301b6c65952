#pragma once
#include <future>

#include "albert/heads/pretraining.h"
#include "albert/trainer/data/pretraining_samples.h"
#include "albert/trainer/loop/training_task.h"

namespace albert {

struct PretrainingTaskOptions {
  int64_t batch_size = 32;  // examples an update, over all its micro-batches
  int64_t eval_examples = 512;
  uint64_t seed = 42;
  Keep keep = Keep::kActivations;
};

// MLM + sentence order on a prepared corpus.
class PretrainingTask final : public TrainingTask {
 public:
  // All references must outlive this; `validation` may be null.
  PretrainingTask(AlbertForPreTraining& model, const Tokenizer& tokenizer,
                  const PretrainingSamples& samples, const PretrainingSamples* validation,
                  const PretrainingTaskOptions& options);

  AlbertPreTrainedModel& model() override { return model_; }
  // Of predicted tokens and of sentence pairs.
  std::vector<double> counts(std::span<const MicroBatch> own) override;
  Deferred<Metrics> accumulate(const MicroBatch& part, std::span<const double> counts,
                               Tensor loss_scale) override;
  Metrics averages(const Metrics& sums) const override;
  Metrics evaluate() override;
  void save_extras(const std::filesystem::path& folder) const override;

 private:
  using Examples = std::vector<PretrainingExample>;
  std::vector<Examples> examples_of(std::span<const MicroBatch> parts) const;
  std::vector<Examples> take_examples(std::span<const MicroBatch> parts);

  AlbertForPreTraining& model_;
  const Tokenizer& tokenizer_;
  const PretrainingSamples& samples_;
  const PretrainingSamples* validation_;
  PretrainingTaskOptions options_;
  int64_t first_part_ = 0;
  std::vector<Examples> current_;  // of the micro-batches that counts() had, from first_part_ on
  struct {
    std::vector<MicroBatch> parts;
    std::future<std::vector<Examples>> examples;
  } next_;  // are made while the device computes
};

}  // namespace albert
