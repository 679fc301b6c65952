#pragma once
#include "albert/engine/model/layer.h"

namespace albert {

// The sizes that a batch for this model is checked against.
BatchLimits batch_limits(const AlbertConfig& config);

// Word + token type + position rows of width E, LayerNorm, dropout, then E -> H without activation
// (albert.md 2.1). The word table gives its padding row no gradient from the lookup, as
// transformers.
class Embeddings {
 public:
  // `prefix` is "albert." or "" (an AlbertModel saved alone)
  Embeddings(ParameterStore& store, const std::string& prefix, const AlbertConfig& config);

  Var operator()(Tape& t, const PackedBatch& batch, const DropoutState& dropout) const;  // [T, H]
  Var operator()(Tape& t, Var inputs_embeds, const PackedBatch& batch,
                 const DropoutState& dropout) const;  // [T, H]

  const Parameter& word() const { return word_; }  // [V, E]: the MLM decoder reads it too

 private:
  ops::EmbeddingTables tables() const;
  Var project(Tape& t, Var embedded, const PackedBatch& batch, const DropoutState& dropout) const;

  AlbertConfig config_;
  Parameter &word_, &position_, &token_type_, &gamma_, &beta_, &mapping_weight_, &mapping_bias_;
};

}  // namespace albert
