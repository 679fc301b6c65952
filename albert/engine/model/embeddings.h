#pragma once
#include "albert/engine/model/layer.h"

namespace albert {

// The sizes that a batch for this model is checked against.
BatchLimits batch_limits(const AlbertConfig& config);

// The sum of word, token type and position rows of width E, LayerNorm, dropout, then E -> H without
// activation (docs/albert.md, "The network"). As in transformers, the lookup adds no gradient to
// the word table's padding row.
class Embeddings {
 public:
  // `prefix` is "albert." in a head and "" in an AlbertModel.
  Embeddings(ParameterStore& store, const std::string& prefix, const AlbertConfig& config);

  // The embedded tokens [T, H]; inputs_embeds [T, E] stand for the word rows.
  Var operator()(Tape& t, const PackedBatch& batch, const DropoutState& dropout) const;
  Var operator()(Tape& t, Var inputs_embeds, const PackedBatch& batch,
                 const DropoutState& dropout) const;

  const Parameter& word() const { return word_; }  // [V, E]; the MLM decoder reads it too

 private:
  ops::EmbeddingTables tables() const;
  Var project(Tape& t, Var embedded, const PackedBatch& batch, const DropoutState& dropout) const;

  AlbertConfig config_;
  Parameter &word_, &position_, &token_type_, &gamma_, &beta_, &mapping_weight_, &mapping_bias_;
};

}  // namespace albert
