#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct SequenceClassifierOutput : ModelOutput {
  HostTensor logits;  // [B, num_labels]
};

// One decision a sequence. The loss follows config.problem_type, or, where that is empty,
// transformers' inference: one label: regression (mean squared error); integer labels:
// single_label_classification (cross-entropy); else multi_label_classification (binary
// cross-entropy, mean over all elements).
class AlbertForSequenceClassification : public PreTrained<AlbertForSequenceClassification> {
 public:
  explicit AlbertForSequenceClassification(const AlbertConfig& config);

  // labels: [B] integers, or [B] / [B, num_labels] floats, or empty
  SequenceClassifierOutput forward(BatchInputs inputs, const HostTensor& labels = {},
                                   const LossOptions& loss = {},
                                   const ForwardOptions& options = {}) {
    return start(inputs, labels, loss, options).get();
  }
  // The same without waiting for a GPU: more may be queued before the result is read.
  Deferred<SequenceClassifierOutput> start(BatchInputs inputs, const HostTensor& labels,
                                           const LossOptions& loss, const ForwardOptions& options);

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
