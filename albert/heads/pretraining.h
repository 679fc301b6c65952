#pragma once
#include "albert/heads/mlm_head.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

struct PreTrainingLabels {
  HostTensor labels;                // [B, S] token ids, -100: not masked
  HostTensor sentence_order_label;  // [B]: 0 in order, 1 swapped
};

struct AlbertForPreTrainingOutput : ModelOutput {
  HostTensor prediction_logits;              // [B, S, V]
  HostTensor sop_logits;                     // [B, 2]
  std::optional<double> mlm_loss, sop_loss;  // the two terms of loss
  // Labelled tokens and pairs, and how many of them have their label's logit as the largest.
  int64_t mlm_count = 0, sop_count = 0;
  int64_t mlm_correct = 0, sop_correct = 0;
};

// Predicts masked words and the order of two sentences. As in transformers there is a loss only
// when both labels are given: the sum of the two means.
class AlbertForPreTraining
    : public PreTrained<AlbertForPreTraining, PreTrainingLabels, AlbertForPreTrainingOutput> {
 public:
  explicit AlbertForPreTraining(const AlbertConfig& config);

  // Dropout before the sentence-order classifier in training: without a call the config's
  // classifier_dropout_prob, as in transformers; Google's script has 0.
  void set_sentence_order_dropout(double probability) { sop_dropout_ = probability; }

  // Waits for the step when options.logits are wanted: they are large and copied at once.
  Deferred<AlbertForPreTrainingOutput> start(BatchInputs inputs, const PreTrainingLabels& labels,
                                             const ForwardOptions& options);
  // The sentence-order logits [B, 2] alone: no word is predicted.
  HostTensor order_logits(BatchInputs inputs);
  // {labelled tokens, labelled pairs}
  std::vector<double> count(BatchInputs inputs, const PreTrainingLabels& labels,
                            const LossOptions& loss = {}) const;

 private:
  Var order_logits(Tape& t, const PackedBatch& batch, Var pooled,
                   const ForwardOptions& options) const;  // [B, 2]

  Backbone backbone_;
  MlmHead predictions_;
  Parameter &sop_weight_, &sop_bias_;
  std::optional<double> sop_dropout_;
};

}  // namespace albert
