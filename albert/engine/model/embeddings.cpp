#include "albert/engine/model/embeddings.h"

namespace albert {
namespace {

constexpr uint32_t kEmbeddingSite = 0x10000;  // behind every layer's sites

ops::EmbeddingIds ids_of(const PackedBatch& batch) {
  return {batch.input_ids(),        batch.token_type_ids(),        batch.position_ids(),
          batch.rows_by_input_id(), batch.rows_by_token_type_id(), batch.rows_by_position_id()};
}

}  // namespace

BatchLimits batch_limits(const AlbertConfig& config) {
  return {.vocab_size = config.vocab_size,
          .type_vocab_size = config.type_vocab_size,
          .max_position_embeddings = config.max_position_embeddings,
          .embedding_size = config.embedding_size};
}

Embeddings::Embeddings(ParameterStore& store, const std::string& prefix, const AlbertConfig& config)
    : config_(config),
      word_(add_weight(store, prefix + "embeddings.word_embeddings.weight",
                       {config.vocab_size, config.embedding_size}, false)),
      position_(add_weight(store, prefix + "embeddings.position_embeddings.weight",
                           {config.max_position_embeddings, config.embedding_size}, false)),
      token_type_(add_weight(store, prefix + "embeddings.token_type_embeddings.weight",
                             {config.type_vocab_size, config.embedding_size}, false)),
      gamma_(add_gamma(store, prefix + "embeddings.LayerNorm.weight", config.embedding_size)),
      beta_(add_bias(store, prefix + "embeddings.LayerNorm.bias", config.embedding_size)),
      mapping_weight_(add_encoder_weight(store,
                                         prefix + "encoder.embedding_hidden_mapping_in.weight",
                                         {config.hidden_size, config.embedding_size})),
      mapping_bias_(add_bias(store, prefix + "encoder.embedding_hidden_mapping_in.bias",
                             config.hidden_size)) {}

ops::EmbeddingTables Embeddings::tables() const {
  return {word_, token_type_, position_, config_.pad_token_id.value_or(-1)};
}

Var Embeddings::project(Tape& t, Var embedded, const PackedBatch& batch,
                        const DropoutState& dropout) const {
  const Var normed =
      ops::layer_norm(t, embedded, nullptr, {gamma_, beta_, config_.layer_norm_eps}, {});
  const Var dropped = ops::dropout(
      t, normed, dropout.at(kEmbeddingSite, config_.hidden_dropout_prob, batch.row_ids()));
  return ops::linear(t, dropped, {mapping_weight_, mapping_bias_});
}

Var Embeddings::operator()(Tape& t, const PackedBatch& batch, const DropoutState& dropout) const {
  return project(t, ops::embedding(t, tables(), ids_of(batch)), batch, dropout);
}

Var Embeddings::operator()(Tape& t, Var inputs_embeds, const PackedBatch& batch,
                           const DropoutState& dropout) const {
  return project(t, ops::embedding(t, inputs_embeds, batch.row_numbers(), tables(), ids_of(batch)),
                 batch, dropout);
}

}  // namespace albert
