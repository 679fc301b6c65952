#include "engine/model/encoder.h"

#include <algorithm>

#include "kernels/rows.h"

namespace albert {
namespace {

int64_t longest_sequence(const PackedBatch& batch) {
  int64_t longest = 0;
  const auto& offsets = batch.offsets();
  for (size_t b = 1; b < offsets.size(); ++b) longest = std::max<int64_t>(longest, offsets[b] - offsets[b - 1]);
  return longest;
}

}  // namespace

Encoder::Encoder(ParameterStore& store, const std::string& prefix, const AlbertConfig& config) : config_(config) {
  for (int64_t g = 0; g < config.num_hidden_groups; ++g)
    for (int64_t k = 0; k < config.inner_group_num; ++k)
      layers_.emplace_back(
          store,
          prefix + "encoder.albert_layer_groups." + std::to_string(g) + ".albert_layers." + std::to_string(k) + ".",
          config);
}

const Layer& Encoder::layer(int64_t depth, int64_t inner) const {
  return layers_.at(static_cast<size_t>(config_.group_of_layer(depth) * config_.inner_group_num + inner));
}

EncoderOutput Encoder::operator()(Tape& t, Var x, const PackedBatch& batch, const EncoderCall& call) const {
  const RowViews all = RowViews::all(batch);
  const int64_t inner_layers = config_.inner_group_num, applications = config_.num_hidden_layers * inner_layers;
  const int64_t hidden = config_.hidden_size, length = longest_sequence(batch);
  // In inference two buffers take turns, unless every layer's output is wanted.
  Tensor turns[2];
  if (!t.training() && !call.hidden_states)
    for (Tensor& turn : turns) turn = t.save({batch.tokens(), hidden}, x.dtype());

  EncoderOutput out{x, {}, {}};
  if (call.hidden_states) out.hidden_states.push_back(x.value());
  for (int64_t i = 0; i < applications; ++i) {
    const bool pruned = i + 1 == applications && call.rows.rows;
    LayerCall layer_call{all, pruned ? call.rows : all, {}, call.dropout, static_cast<uint32_t>(i) * kLayerSites};
    if (call.attentions) {
      layer_call.probabilities = t.save({batch.sequences(), config_.num_attention_heads, length, length}, x.dtype());
      out.attentions.push_back(layer_call.probabilities);
    }
    const Shape y_shape{pruned ? call.rows.rows.shape[0] : batch.tokens(), hidden};
    const auto apply = [layer_call, &layer = layer(i / inner_layers, i % inner_layers)](Tape& tape, Var v) {
      return layer(tape, v, layer_call);
    };
    Tensor into = turns[i % 2];
    into.shape = y_shape;
    x = t.segment(apply, x, y_shape, call.keep, into);
    if (call.hidden_states) out.hidden_states.push_back(x.value());
  }
  out.last_hidden_state = x;
  return out;
}

}  // namespace albert
