#pragma once
#include "albert/heads/mlm_head.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

struct PreTrainingLabels {
  HostTensor labels;                // [B, S], -100: not masked
  HostTensor sentence_order_label;  // [B]: 0 in order, 1 swapped
  // What the two means divide by; 0: this batch's own counts. See LossOptions::count.
  double masked_tokens = 0, sentence_pairs = 0;
};

struct AlbertForPreTrainingOutput : ModelOutput {
  HostTensor prediction_logits;              // [B, S, V]
  HostTensor sop_logits;                     // [B, 2]
  std::optional<double> mlm_loss, sop_loss;  // the two terms of loss
  int64_t mlm_correct = 0,
          sop_correct = 0;  // labelled tokens and pairs whose largest logit is the label's
  int64_t mlm_count = 0, sop_count = 0;  // labelled tokens and pairs
};

// MLM + sentence order. As in transformers there is a loss only when both labels are given: the sum
// of the two means.
class AlbertForPreTraining : public PreTrained<AlbertForPreTraining> {
 public:
  explicit AlbertForPreTraining(const AlbertConfig& config);
  AlbertForPreTrainingOutput forward(BatchInputs inputs, const PreTrainingLabels& labels = {},
                                     const ForwardOptions& options = {}) {
    return start(inputs, labels, options).get();
  }
  // The same without waiting for a GPU: more may be queued before the result is read.
  Deferred<AlbertForPreTrainingOutput> start(BatchInputs inputs, const PreTrainingLabels& labels,
                                             const ForwardOptions& options);

 private:
  Backbone backbone_;
  MlmHead predictions_;
  Parameter &sop_weight_, &sop_bias_;
};

}  // namespace albert
