#include "albert/heads/mlm_head.h"

namespace albert {
namespace {

const Parameter& decoder_of(ParameterStore& store, const AlbertConfig& config,
                            const Parameter& word_embeddings) {
  if (config.tie_word_embeddings) return word_embeddings;
  return add_weight(store, "predictions.decoder.weight", {config.vocab_size, config.embedding_size},
                    true);
}

}  // namespace

MlmHead::MlmHead(ParameterStore& store, const AlbertConfig& config,
                 const Parameter& word_embeddings)
    : config_(config),
      bias_(add_bias(store,
                     config.tie_word_embeddings ? "predictions.bias" : "predictions.decoder.bias",
                     config.vocab_size)),
      gamma_(add_gamma(store, "predictions.LayerNorm.weight", config.embedding_size)),
      beta_(add_bias(store, "predictions.LayerNorm.bias", config.embedding_size)),
      dense_weight_(add_weight(store, "predictions.dense.weight",
                               {config.embedding_size, config.hidden_size}, true)),
      dense_bias_(add_bias(store, "predictions.dense.bias", config.embedding_size)),
      decoder_(decoder_of(store, config, word_embeddings)) {}

Var MlmHead::operator()(Tape& t, Var hidden_states) const {
  const Var transformed =
      ops::linear_activation(t, hidden_states, {dense_weight_, dense_bias_}, config_.activation());
  const Var normed =
      ops::layer_norm(t, transformed, nullptr, {gamma_, beta_, config_.layer_norm_eps}, {});
  return ops::linear(t, normed, {decoder_, bias_});
}

}  // namespace albert
