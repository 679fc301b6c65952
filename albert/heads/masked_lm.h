#pragma once
#include "albert/heads/mlm_head.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

struct MaskedLMOutput : ModelOutput {
  HostTensor logits;  // [B, S, V]
};

class AlbertForMaskedLM : public PreTrained<AlbertForMaskedLM> {
 public:
  explicit AlbertForMaskedLM(const AlbertConfig& config);

  // labels [B, S] or empty: token ids, -100 where nothing is asked. The loss is the mean over
  // labelled tokens.
  MaskedLMOutput forward(BatchInputs inputs, const HostTensor& labels = {},
                         const ForwardOptions& options = {});

 private:
  Backbone backbone_;
  MlmHead predictions_;
};

}  // namespace albert
