#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

// [B] integers each: columns of the padded input. As in transformers, negative ones mean the first
// token and those beyond S are left out. Both or neither are given.
struct QuestionAnsweringLabels {
  HostTensor start_positions, end_positions;
};

struct QuestionAnsweringModelOutput : ModelOutput {
  HostTensor start_logits, end_logits;  // [B, S]
};

// Scores every token as start and as end of the answer. The loss is the mean of the two
// cross-entropies over each sequence's own tokens (transformers' soft-max also runs over padding).
class AlbertForQuestionAnswering
    : public PreTrained<AlbertForQuestionAnswering, QuestionAnsweringLabels,
                        QuestionAnsweringModelOutput> {
 public:
  // Error(kMismatch) unless num_labels is 2.
  explicit AlbertForQuestionAnswering(const AlbertConfig& config);

  Deferred<QuestionAnsweringModelOutput> start(BatchInputs inputs,
                                               const QuestionAnsweringLabels& labels,
                                               const ForwardOptions& options);
  // {start positions that are not left out, end positions that are not}
  std::vector<double> count(BatchInputs inputs, const QuestionAnsweringLabels& labels,
                            const LossOptions& loss = {}) const;

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
