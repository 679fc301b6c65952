#pragma once
#include <future>

#include "albert/heads/pretraining.h"
#include "albert/trainer/data/pretraining_samples.h"
#include "albert/trainer/loop/training_task.h"
#include "albert/trainer/parallel/communicator.h"

namespace albert {

struct PretrainingTaskOptions {
  int64_t batch_size = 32;   // examples an update, over all ranks and micro-batches
  int64_t accumulation = 1;  // micro-batches an update
  int64_t eval_examples = 512;
  uint64_t seed = 42;
  Keep keep = Keep::kActivations;
};

// MLM + sentence order on a prepared corpus.
class PretrainingTask final : public TrainingTask {
 public:
  // All references must outlive this; `validation` may be null. Error(kUsage) for sizes that do not
  // divide.
  PretrainingTask(AlbertForPreTraining& model, const Tokenizer& tokenizer,
                  const PretrainingSamples& samples, const PretrainingSamples* validation,
                  const PretrainingTaskOptions& options, const Communicator& ranks);

  AlbertPreTrainedModel& model() override { return model_; }
  std::vector<double> counts(int64_t step) override;  // predicted tokens, sentence pairs
  Deferred<Metrics> accumulate(int64_t step, std::span<const double> counts,
                               Tensor loss_scale) override;
  Metrics averages(const Metrics& sums) const override;
  Metrics evaluate() override;
  void save_extras(const std::filesystem::path& folder) const override;

 private:
  using Examples = std::vector<PretrainingExample>;
  std::vector<Examples> examples_of(int64_t step) const;  // this rank's, by micro-batch
  std::vector<Examples> take_examples(int64_t step);

  AlbertForPreTraining& model_;
  const Tokenizer& tokenizer_;
  const PretrainingSamples& samples_;
  const PretrainingSamples* validation_;
  PretrainingTaskOptions options_;
  const Communicator& ranks_;
  int64_t micro_batch_;
  std::vector<Examples> current_;  // of the step that counts() was asked for
  struct {
    int64_t step = -1;
    std::future<std::vector<Examples>> examples;
  } next_;  // made while the device computes
};

}  // namespace albert
