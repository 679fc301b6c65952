#pragma once
#include <span>

#include "albert/heads/mlm_head.h"
#include "albert/heads/pretrained_model.h"

namespace albert {

// A token of a batch: its sequence and its index there.
struct TokenPlace {
  int64_t sequence = 0, token = 0;
  auto operator<=>(const TokenPlace&) const = default;
};

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
  // The logits [R, V] of these R tokens alone: the last layer and the head compute no others.
  // Error(kBadData) for no place, places that do not ascend, and one that the batch has not.
  HostTensor logits_at(BatchInputs inputs, std::span<const TokenPlace> places);
  // {labelled tokens}, or the sum of their class weights
  std::vector<double> count(BatchInputs inputs, const HostTensor& labels,
                            const LossOptions& loss = {}) const;

 private:
  Backbone backbone_;
  MlmHead predictions_;
};

}  // namespace albert
