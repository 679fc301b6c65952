#pragma once
// The network of docs/albert.md 2 as nodes of ONNX. Not installed.
#include "albert/heads/formats/onnx_builder.h"

namespace albert {

// The values that a batch is, each [B, S] i64.
struct OnnxBatch {
  std::string input_ids, attention_mask, token_type_ids;
};

// The hidden states [B, S, H] of embeddings and encoder, whose parameters are under `prefix`.
std::string add_encoder(OnnxBuilder& b, const std::string& prefix, const OnnxBatch& batch);

// The pooled output [B, H] of hidden states.
std::string add_pooler(OnnxBuilder& b, const std::string& prefix, const std::string& hidden_states);

// The lowest number of a type.
double lowest_of(DType dtype);

}  // namespace albert
