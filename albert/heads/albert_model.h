#pragma once
#include "albert/heads/pretrained_model.h"

namespace albert {

struct BaseModelOutputWithPooling : ModelOutput {
  HostTensor last_hidden_state;  // [B, S, H]
  HostTensor pooler_output;      // [B, H]
};

// Gradients of some function of the outputs, for backward through the bare model: loss is then the
// sum of the inner matmuls with the outputs. Either may be empty.
struct ModelUpstreams {
  HostTensor last_hidden_state;  // [B, S, H]; values at padding are ignored
  HostTensor pooler_output;      // [B, H]
};

// The encoder with its pooler. In files its tensors have no "albert." prefix; either is read.
class AlbertModel : public PreTrained<AlbertModel> {
 public:
  explicit AlbertModel(const AlbertConfig& config);
  BaseModelOutputWithPooling forward(BatchInputs inputs, const ModelUpstreams& upstreams = {},
                                     const ForwardOptions& options = {});

 private:
  Backbone backbone_;
};

}  // namespace albert
