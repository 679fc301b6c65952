#pragma once
#include "albert/engine/model/layer.h"

namespace albert {

// The tensors predictions.*: dense H -> E, activation, LayerNorm, decoder to the vocabulary. Tied,
// the decoder's weight is the word table and its bias predictions.bias; untied, both are
// predictions.decoder's own (docs/albert.md, 2.5).
class MlmHead {
 public:
  MlmHead(ParameterStore& store, const AlbertConfig& config, const Parameter& word_embeddings);

  // hidden_states [R, H] -> logits [R, V]
  Var operator()(Tape& t, Var hidden_states) const;

 private:
  AlbertConfig config_;
  Parameter &bias_, &gamma_, &beta_, &dense_weight_, &dense_bias_;
  const Parameter& decoder_;
};

}  // namespace albert
