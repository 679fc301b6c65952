#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct SequenceClassifierOutput : ModelOutput {
  HostTensor logits;  // [B, num_labels]
};

// Decides on one label, several or a number for every sequence. Labels are [B] integers (-100:
// none), or [B] or [B, num_labels] floats, or empty. The loss follows config.problem_type, or,
// where that is empty, what transformers infers: one label means regression (mean squared error);
// integer labels mean single_label_classification (cross-entropy); others
// multi_label_classification (binary cross-entropy). The last two are means over all elements, [B,
// num_labels].
class AlbertForSequenceClassification
    : public PreTrained<AlbertForSequenceClassification, HostTensor, SequenceClassifierOutput> {
 public:
  explicit AlbertForSequenceClassification(const AlbertConfig& config);

  Deferred<SequenceClassifierOutput> start(BatchInputs inputs, const HostTensor& labels,
                                           const ForwardOptions& options);
  // {labelled sequences}, or the sum of their class weights. In regression and multi-label
  // classification {sequences}: num_labels is the same for all.
  std::vector<double> count(BatchInputs inputs, const HostTensor& labels,
                            const LossOptions& loss = {}) const;

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
