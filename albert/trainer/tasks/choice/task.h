#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "albert/heads/multiple_choice.h"
#include "albert/trainer/tasks/choice/examples.h"
#include "albert/trainer/tasks/finetuning_task.h"

namespace albert {

// Questions as ids, with what is right.
struct ChoiceExamples {
  std::vector<MultipleChoiceIds> inputs;
  std::vector<int64_t> labels;
  std::vector<std::string> levels;  // as ChoiceExample has them

  int64_t size() const { return static_cast<int64_t>(inputs.size()); }
};
ChoiceExamples encoded_choices(std::span<const ChoiceExample> examples,
                               const MultipleChoiceEncoder& encoder);

// Fine-tuning on questions that all have the same number of options.
class ChoiceTask final : public FinetuningTask {
 public:
  struct Parts {
    AlbertForMultipleChoice model;
    std::shared_ptr<const Tokenizer> tokenizer;
    MultipleChoiceEncoder encoder;
    ChoiceExamples training, validation;
    double label_smoothing = 0;
  };
  ChoiceTask(Parts parts, const FinetuningSizes& sizes);

  AlbertPreTrainedModel& model() override { return parts_.model; }
  Metrics averages(const Metrics& sums) const override;  // loss, accuracy
  Metrics evaluate() override;                           // and accuracy by level
  std::vector<std::string> metric_names() const override;
  std::string advice() const override { return advice_; }
  ReportDetails details() override;
  int64_t examples(Split split) const override { return of(split).size(); }
  std::string summary() const override;
  std::string data_hash() const override;

 protected:
  std::vector<double> count(Split split, std::span<const size_t> which) const override;
  Deferred<Metrics> start(Split split, std::span<const size_t> which,
                          ForwardOptions forward) override;

 private:
  const ChoiceExamples& of(Split split) const {
    return split == Split::kTraining ? parts_.training : parts_.validation;
  }
  // The outputs of evaluation, one an option of each question, and the sum of the losses.
  struct Outputs {
    std::vector<double> values;
    double loss = 0;
  };
  Outputs evaluated();
  Deferred<MultipleChoiceModelOutput> forward(Split split, std::span<const size_t> which,
                                              ForwardOptions options, double& tokens);

  Parts parts_;
  size_t eval_batch_size_;
  std::string advice_;
};

}  // namespace albert
