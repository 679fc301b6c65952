#pragma once
#include "albert/heads/sequence_classification.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/loop/training_task.h"
#include "albert/trainer/parallel/communicator.h"
#include "albert/trainer/tasks/classification/examples.h"

namespace albert {

struct ClassificationTaskOptions {
  int64_t batch_size = 32, accumulation = 1, eval_batch_size = 64;
  int64_t max_seq_length = 128;
  uint64_t seed = 42;
  LossOptions loss;
  Keep keep = Keep::kActivations;
};

// Examples as ids, ready to train on.
struct ClassificationExamples {
  std::vector<std::vector<int32_t>> input_ids, token_type_ids;
  std::vector<int64_t> labels;
  int64_t truncated = 0;  // how many were longer than max_seq_length
  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

// Error(kBadData) "file: example 12 has the label \"2\", the task has 0, 1".
ClassificationExamples encode_examples(
    const std::string& file, const std::vector<TextExample>& examples,
    const std::vector<std::pair<std::string, std::string>>& labels, const Tokenizer& tokenizer,
    int64_t max_seq_length);

// Fine-tuning of a classifier: each epoch in an order of its own, a pure function of (seed, step).
class ClassificationTask final : public TrainingTask {
 public:
  // All references must outlive this.
  ClassificationTask(AlbertForSequenceClassification& model, const Tokenizer& tokenizer,
                     const ClassificationExamples& training,
                     const ClassificationExamples& validation,
                     const ClassificationTaskOptions& options, const Communicator& ranks);

  AlbertPreTrainedModel& model() override { return model_; }
  std::vector<double> counts(int64_t step) override;  // examples
  Deferred<Metrics> accumulate(int64_t step, std::span<const double> counts,
                               Tensor loss_scale) override;
  Metrics averages(const Metrics& sums) const override;
  Metrics evaluate() override;
  void save_extras(const std::filesystem::path& folder) const override;

 private:
  Deferred<Metrics> start(const ClassificationExamples& examples, const std::vector<int64_t>& which,
                          ForwardOptions forward, double count);

  AlbertForSequenceClassification& model_;
  const Tokenizer& tokenizer_;
  const ClassificationExamples &training_, &validation_;
  ClassificationTaskOptions options_;
  const Communicator& ranks_;
  int64_t micro_batch_;
};

}  // namespace albert
