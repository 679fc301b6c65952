#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct TokenClassifierOutput : ModelOutput {
  HostTensor logits;  // [B, S, num_labels]
};

// Decides on one label for every token. Labels are [B, S] integers, -100 where nothing is asked, or
// empty; the loss is the mean over labelled tokens.
class AlbertForTokenClassification
    : public PreTrained<AlbertForTokenClassification, HostTensor, TokenClassifierOutput> {
 public:
  explicit AlbertForTokenClassification(const AlbertConfig& config);

  Deferred<TokenClassifierOutput> start(BatchInputs inputs, const HostTensor& labels,
                                        const ForwardOptions& options);
  // {labelled tokens}, or the sum of their class weights
  std::vector<double> count(BatchInputs inputs, const HostTensor& labels,
                            const LossOptions& loss = {}) const;

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
