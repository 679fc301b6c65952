#include "albert/engine/model/encoder.h"

#include <algorithm>

#include "albert/kernels/row_ops.h"

namespace albert {
namespace {

int64_t longest_sequence(const PackedBatch& batch) {
  int64_t longest = 0;
  const auto& offsets = batch.offsets();
  for (size_t b = 1; b < offsets.size(); ++b)
    longest = std::max<int64_t>(longest, offsets[b] - offsets[b - 1]);
  return longest;
}

}  // namespace

Encoder::Encoder(ParameterStore& store, const std::string& prefix, const AlbertConfig& config)
    : config_(config) {
  for (int64_t g = 0; g < config.num_hidden_groups; ++g)
    for (int64_t k = 0; k < config.inner_group_num; ++k)
      layers_.emplace_back(store,
                           prefix + "encoder.albert_layer_groups." + std::to_string(g) +
                               ".albert_layers." + std::to_string(k) + ".",
                           config);
}

int64_t Encoder::operand_bytes(const AlbertConfig& config, int64_t tokens, DType dtype) {
  return LayerOperands::extra_bytes(
      config, config.num_hidden_layers * config.inner_group_num * tokens, dtype);
}

std::vector<Encoder::Application> Encoder::applications(const RowViews& all,
                                                        const EncoderCall& call) const {
  std::vector<Application> list;
  const int64_t inner_layers = config_.inner_group_num;
  for (int64_t i = 0; i < config_.num_hidden_layers * inner_layers; ++i) {
    const int64_t layer =
        config_.group_of_layer(i / inner_layers) * inner_layers + i % inner_layers;
    list.push_back({&layers_.at(static_cast<size_t>(layer)),
                    {.keys = all,
                     .queries = all,
                     .dropout = call.dropout,
                     .site = static_cast<uint32_t>(i) * kLayerSites}});
  }
  if (call.rows.rows) list.back().call.queries = call.rows;
  return list;
}

// Gives each layer that is applied to all rows more than once memory for the operands of all its
// applications. What makes the gradients from them is registered before the first application, so
// that it runs after the backward of all.
Var Encoder::keep_operands(Tape& t, Var x, std::vector<Application>& applications) const {
  struct Shared {
    const Layer* layer;
    LayerOperands all;
  };
  const int64_t rows = x.shape()[0];
  std::vector<Shared> shared;
  for (const Layer& layer : layers_) {
    const auto is_mine = [&](const Application& a) { return a.layer == &layer && a.every_row(); };
    const int64_t times = std::count_if(applications.begin(), applications.end(), is_mine);
    if (times < 2) continue;
    shared.push_back({&layer, LayerOperands::allocate(t, config_, times * rows, x.dtype())});
    int64_t begin = 0;
    for (Application& a : applications)
      if (is_mine(a)) a.call.operands = shared.back().all.rows(rows * begin++, rows);
  }
  if (shared.empty()) return x;
  for (size_t i = 1; i < applications.size(); ++i)
    applications[i - 1].call.output = applications[i].call.operands.hidden;
  const Var first = ops::copy(t, x, {.value = applications.front().call.operands.hidden});
  t.on_backward(first, [shared](Tape& tape, Tensor) {
    for (const Shared& s : shared) s.layer->add_gradients(tape, s.all);
  });
  return first;
}

EncoderOutput Encoder::operator()(Tape& t, Var x, const PackedBatch& batch,
                                  const EncoderCall& call) const {
  const RowViews all = RowViews::all(batch);
  const int64_t hidden = config_.hidden_size, length = longest_sequence(batch);
  std::vector<Application> list = applications(all, call);
  // In inference two buffers take turns, unless the output of every layer is asked for.
  Tensor turns[2];
  if (!t.training() && !call.hidden_states)
    for (Tensor& turn : turns) turn = t.save({batch.tokens(), hidden}, x.dtype());

  EncoderOutput out{x, {}, {}};
  if (call.hidden_states) out.hidden_states.push_back(x.value());
  if (call.keep == Keep::kBatchedWeightGradients && t.training()) x = keep_operands(t, x, list);
  for (size_t i = 0; i < list.size(); ++i) {
    auto& [layer, layer_call] = list[i];
    if (call.attentions) {
      layer_call.probabilities =
          t.save({batch.sequences(), config_.num_attention_heads, length, length}, x.dtype());
      out.attentions.push_back(layer_call.probabilities);
    }
    const Shape y_shape{list[i].every_row() ? batch.tokens() : call.rows.rows.shape[0], hidden};
    const auto apply = [application = list[i]](Tape& tape, Var v) {
      return (*application.layer)(tape, v, application.call);
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
