#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct QuestionAnsweringLabels {
  HostTensor start_positions, end_positions;  // [B]: columns of the padded input
};

struct QuestionAnsweringModelOutput : ModelOutput {
  HostTensor start_logits, end_logits;  // [B, S]
};

// Start and end scores of every token. The loss is the mean of the two cross-entropies over each
// sequence's own tokens (transformers' soft-max also runs over padding). As there, negative
// positions mean the first token and positions beyond the sequence are left out.
class AlbertForQuestionAnswering : public PreTrained<AlbertForQuestionAnswering> {
 public:
  explicit AlbertForQuestionAnswering(
      const AlbertConfig& config);  // Error(kMismatch) unless num_labels is 2

  QuestionAnsweringModelOutput forward(BatchInputs inputs,
                                       const QuestionAnsweringLabels& labels = {},
                                       const ForwardOptions& options = {});

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
