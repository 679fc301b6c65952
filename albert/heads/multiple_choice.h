#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct MultipleChoiceModelOutput : ModelOutput {
  HostTensor logits;  // [B, C]
};

// Scores each of a question's C choices. Inputs are [B, C, S] (inputs_embeds [B, C, S, E]),
// or B * C Sequences with choices = C. Labels are [B] integers, the right choice or -100, or empty;
// the loss is the cross-entropy over a question's choices. hidden_states and attentions come back
// with B * C sequences, as transformers' do.
class AlbertForMultipleChoice
    : public PreTrained<AlbertForMultipleChoice, HostTensor, MultipleChoiceModelOutput> {
 public:
  explicit AlbertForMultipleChoice(const AlbertConfig& config);

  Deferred<MultipleChoiceModelOutput> start(BatchInputs inputs, const HostTensor& labels,
                                            const ForwardOptions& options);
  // {labelled questions}, or the sum of their class weights
  std::vector<double> count(BatchInputs inputs, const HostTensor& labels,
                            const LossOptions& loss = {}) const;

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
