#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct BaseModelOutputWithPooling : ModelOutput {
  HostTensor last_hidden_state;  // [B, S, H], or [B, 1, H] as AlbertModel says
  HostTensor pooler_output;      // [B, H]; empty when the model has no pooler
};

// Gradients of some function of the outputs, for backward through the bare model: the loss is then
// the sum of their inner products with the outputs. Floats; either may be empty.
struct ModelUpstreams {
  HostTensor last_hidden_state;  // [B, S, H]; values at padding are ignored
  HostTensor pooler_output;      // [B, H]; Error(kBadData) for a model without a pooler
};

// The encoder with or without its pooler (transformers' add_pooling_layer). from_pretrained makes a
// pooler when the folder has one; a masked-LM checkpoint, for one, has none. In files its tensors
// have no "albert." prefix; either is read. Without ForwardOptions::logits and upstream gradients
// of last_hidden_state the last layer computes the first tokens alone, and those are that output.
class AlbertModel : public PreTrained<AlbertModel, ModelUpstreams, BaseModelOutputWithPooling> {
 public:
  explicit AlbertModel(const AlbertConfig& config, bool add_pooling_layer = true);
  static AlbertModel fitting(const AlbertConfig& config, const WeightSource& weights);

  bool has_pooler() const { return backbone_.has_pooler(); }

  Deferred<BaseModelOutputWithPooling> start(BatchInputs inputs, const ModelUpstreams& upstreams,
                                             const ForwardOptions& options);
  // Nothing: the loss is a sum and no mean.
  std::vector<double> count(BatchInputs, const ModelUpstreams&, const LossOptions& = {}) const {
    return {};
  }

 private:
  Backbone backbone_;
};

}  // namespace albert
