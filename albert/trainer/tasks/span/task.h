#pragma once
#include <memory>
#include <string>
#include <vector>

#include "albert/inference/question_answering_head.h"
#include "albert/trainer/tasks/finetuning_task.h"
#include "albert/trainer/tasks/span/scores.h"
#include "albert/trainer/tasks/span/squad_file.h"

namespace albert {

// Windows with the positions of their answers, [CLS] where they have none, ready to train on.
struct SpanExamples {
  Sequences inputs;
  std::vector<int64_t> starts, ends;
  int64_t questions = 0;
  int64_t unreachable = 0;  // questions whose answer is whole in no window

  int64_t size() const { return inputs.size(); }
};
SpanExamples span_examples(const std::vector<SquadQuestion>& questions,
                           const WindowEncoder& encoder);

// Fine-tuning on windows of contexts; evaluation gives the scores of the official scripts.
class SpanTask final : public FinetuningTask {
 public:
  struct Validation {
    std::vector<SquadQuestion> questions;
    std::vector<WindowedQuestion> windowed;  // the same
    AnswerSearch search;
    SquadVersion version = SquadVersion::k1;
  };
  struct Parts {
    QuestionAnsweringHead head;
    std::shared_ptr<const Tokenizer> tokenizer;
    SpanExamples training;
    Validation validation;
  };
  SpanTask(Parts parts, const FinetuningSizes& sizes);

  AlbertPreTrainedModel& model() override { return model_of(parts_.head); }
  Metrics averages(const Metrics& sums) const override;  // loss
  Metrics evaluate() override;                           // exact_match or exact, f1, best_f1, ..
  int64_t examples(Split split) const override;          // windows, or questions to evaluate
  std::string summary() const override;
  std::string data_hash() const override;
  ReportDetails details() override;

 protected:
  std::vector<double> count(Split split, std::span<const size_t> which) const override;
  Deferred<Metrics> start(Split split, std::span<const size_t> which,
                          ForwardOptions forward) override;

 private:
  // For each question to evaluate.
  std::vector<AnswerChoice> answers();

  Parts parts_;
  int64_t eval_batch_size_;
};

}  // namespace albert
