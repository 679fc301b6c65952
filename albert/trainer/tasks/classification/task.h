#pragma once
#include <memory>
#include <string>
#include <vector>

#include "albert/heads/sequence_classification.h"
#include "albert/inference/text_encoder.h"
#include "albert/trainer/tasks/classification/answers.h"
#include "albert/trainer/tasks/finetuning_task.h"

namespace albert {

// Texts as ids, and their answers.
struct ClassificationExamples {
  std::vector<TokenIds> inputs;
  Answers answers;

  int64_t size() const { return static_cast<int64_t>(inputs.size()); }
  int64_t truncated() const;  // how many were longer than max_seq_length
};

// Examples that are evaluated together. Their metrics have a name of their own: "accuracy_mm".
struct ValidationSet {
  std::string suffix;  // empty for the first
  ClassificationExamples examples;
};

// Fine-tuning on texts that each have a label, labels or a number.
class ClassificationTask final : public FinetuningTask {
 public:
  struct Parts {
    Problem problem = Problem::kSingleLabel;
    AlbertForSequenceClassification model;
    std::shared_ptr<const Tokenizer> tokenizer;
    ClassificationExamples training;
    std::vector<ValidationSet> validation;  // one or more
    LossOptions loss;                       // without its counts
    std::vector<std::string> metrics;       // of evaluation, as metrics_of() knows them
  };
  ClassificationTask(Parts parts, const FinetuningSizes& sizes);

  AlbertPreTrainedModel& model() override { return parts_.model; }
  Metrics averages(const Metrics& sums) const override;  // loss, and of single labels accuracy
  Metrics evaluate() override;  // loss and the metrics, for every validation set
  std::vector<std::string> metric_names() const override;
  Metrics sample_counts() const override;
  std::string advice() const override { return advice_; }
  ReportDetails details() override;  // of the first validation set
  int64_t examples(Split split) const override { return of(split).size(); }
  std::string summary() const override;
  std::string data_hash() const override;

 protected:
  std::vector<double> count(Split split, std::span<const size_t> which) const override;
  Deferred<Metrics> start(Split split, std::span<const size_t> which,
                          ForwardOptions forward) override;

 private:
  using Output = Deferred<SequenceClassifierOutput>;

  const ClassificationExamples& of(Split split) const {
    return split == Split::kTraining ? parts_.training : parts_.validation.front().examples;
  }
  double weight_of(const ClassificationExamples& examples, std::span<const size_t> which) const;
  HostTensor labels_of(const ClassificationExamples& examples, std::span<const size_t> which) const;
  Output forward(const ClassificationExamples& examples, std::span<const size_t> which,
                 ForwardOptions options);
  // The outputs of evaluation, `num_labels` for each example, and what the loss sums up to.
  struct Outputs {
    std::vector<double> values;
    double loss = 0, weights = 0;
  };
  Outputs outputs_of(const ClassificationExamples& examples);
  Metrics evaluate(const ClassificationExamples& examples);
  std::string advice_on(const Answers& predicted, const Answers& right) const;

  Parts parts_;
  size_t eval_batch_size_;
  std::string advice_;
};

}  // namespace albert
