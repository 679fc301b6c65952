#pragma once
#include <memory>
#include <string>
#include <vector>

#include "albert/heads/sequence_classification.h"
#include "albert/inference/text_encoder.h"
#include "albert/trainer/tasks/finetuning_task.h"

namespace albert {

// Examples as ids and the number of their label, ready to train on.
struct ClassificationExamples {
  std::vector<TokenIds> inputs;
  std::vector<int64_t> labels;

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  int64_t truncated() const;  // how many were longer than max_seq_length
};

// Fine-tuning of a classifier on texts that have one label each.
class ClassificationTask final : public FinetuningTask {
 public:
  struct Parts {
    AlbertForSequenceClassification model;
    std::shared_ptr<const Tokenizer> tokenizer;
    ClassificationExamples training, validation;
    LossOptions loss;  // without its counts
  };
  // `ranks` must outlive this.
  ClassificationTask(Parts parts, const FinetuningSizes& sizes, const Communicator& ranks);

  AlbertPreTrainedModel& model() override { return parts_.model; }
  Metrics averages(const Metrics& sums) const override;  // loss, accuracy
  int64_t examples(Split split) const override { return of(split).size(); }
  std::string summary() const override;
  std::string data_hash() const override;

 protected:
  std::vector<double> count(Split split, std::span<const size_t> which) const override;
  Deferred<Metrics> start(Split split, std::span<const size_t> which,
                          ForwardOptions forward) override;

 private:
  const ClassificationExamples& of(Split split) const {
    return split == Split::kTraining ? parts_.training : parts_.validation;
  }
  Parts parts_;
};

}  // namespace albert
