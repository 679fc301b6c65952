#pragma once
#include "albert/heads/mlm_head.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

struct MaskedLMOutput : ModelOutput {
  HostTensor logits;  // [B, S, V]
};

// Scores every word for every token. Labels are [B, S] token ids, -100 where nothing is asked,
// or empty; the loss is the mean over labelled tokens.
class AlbertForMaskedLM : public PreTrained<AlbertForMaskedLM, HostTensor, MaskedLMOutput> {
 public:
  explicit AlbertForMaskedLM(const AlbertConfig& config);

  // Waits for the step when options.logits are wanted: they are large and copied at once.
  Deferred<MaskedLMOutput> start(BatchInputs inputs, const HostTensor& labels,
                                 const ForwardOptions& options);
  // {labelled tokens}, or the sum of their class weights
  std::vector<double> count(BatchInputs inputs, const HostTensor& labels,
                            const LossOptions& loss = {}) const;

 private:
  Backbone backbone_;
  MlmHead predictions_;
};

}  // namespace albert
