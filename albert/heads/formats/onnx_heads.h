#pragma once
// Not installed.
#include "albert/heads/formats/onnx_encoder.h"

namespace albert {

// The graph of a model: inputs, network, head and outputs, named as in transformers' and optimum's
// exports. Google's head for SQuAD 2.0, which they do not have, gives what BeamSearchOutput has.
void build_onnx(OnnxBuilder& builder, const std::string& architecture);

// That head's outputs, of hidden states [B, S, H].
void add_beam_search(OnnxBuilder& builder, const OnnxBatch& batch,
                     const std::string& hidden_states);

}  // namespace albert
