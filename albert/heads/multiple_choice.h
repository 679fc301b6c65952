#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct MultipleChoiceModelOutput : ModelOutput {
  HostTensor logits;  // [B, C]
};

// One score a choice; the loss is the cross-entropy over a question's choices.
class AlbertForMultipleChoice : public PreTrained<AlbertForMultipleChoice> {
 public:
  explicit AlbertForMultipleChoice(const AlbertConfig& config);

  // inputs [B, C, S] (inputs_embeds [B, C, S, E]), or B * C Sequences with choices = C; labels [B]
  // or empty. hidden_states and attentions come back with B * C sequences, as transformers' do.
  MultipleChoiceModelOutput forward(BatchInputs inputs, const HostTensor& labels = {},
                                    const LossOptions& loss = {},
                                    const ForwardOptions& options = {});

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
