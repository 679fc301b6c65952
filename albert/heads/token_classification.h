#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct TokenClassifierOutput : ModelOutput {
  HostTensor logits;  // [B, S, num_labels]
};

// One label a token; the loss is the mean over tokens whose label is not -100.
class AlbertForTokenClassification : public PreTrained<AlbertForTokenClassification> {
 public:
  explicit AlbertForTokenClassification(const AlbertConfig& config);

  TokenClassifierOutput forward(BatchInputs inputs, const HostTensor& labels = {},
                                const LossOptions& loss = {}, const ForwardOptions& options = {});

 private:
  Backbone backbone_;
  Parameter &weight_, &bias_;
};

}  // namespace albert
