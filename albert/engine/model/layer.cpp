#include "albert/engine/model/layer.h"

namespace albert {

RowViews RowViews::of(const RowSelection& selection) {
  return {HostView::of(selection.rows), HostView::of(selection.cu_seqlens),
          HostView::of(selection.in_sequence), HostView::of(selection.row_ids)};
}

LayerOperands LayerOperands::allocate(Tape& t, const AlbertConfig& config, int64_t rows,
                                      DType dtype) {
  const auto array = [&](int64_t columns) { return t.save({rows, columns}, dtype); };
  const int64_t h = config.hidden_size, i = config.intermediate_size;
  return {array(h),     array(h), array(h), array(i), array(h),
          array(2 * h), array(h), array(i), array(h)};
}

int64_t LayerOperands::extra_bytes(const AlbertConfig& config, int64_t rows, DType dtype) {
  return rows * (5 * config.hidden_size + config.intermediate_size) *
         static_cast<int64_t>(size_of(dtype));
}

LayerOperands LayerOperands::rows(int64_t begin, int64_t count) const {
  const auto part = [&](const Tensor& t) { return t.rows(begin, count); };
  return {part(hidden), part(context), part(attention_output),
          part(wide),   part(dquery),  part(dkey_value),
          part(ddense), part(dwide),   part(dnarrow)};
}

Parameter& add_weight(ParameterStore& store, const std::string& name, Shape shape, bool packed) {
  Parameter& weight = store.add(name, shape, Init::kNormal, true);
  if (packed) store.pack(weight);
  return weight;
}
Parameter& add_encoder_weight(ParameterStore& store, const std::string& name, Shape shape) {
  Parameter& weight = add_weight(store, name, shape, false);
  store.pack_or_quantize(weight);
  return weight;
}
Parameter& add_bias(ParameterStore& store, const std::string& name, int64_t size) {
  return store.add(name, {size}, Init::kZeros, false);
}
Parameter& add_gamma(ParameterStore& store, const std::string& name, int64_t size) {
  return store.add(name, {size}, Init::kOnes, false);
}

// Key and value lie next to each other and are one matmul. The query is a matmul of its own, since
// a pruned layer has fewer query rows.
Layer::Projections Layer::add_projections(ParameterStore& store, const std::string& prefix,
                                          int64_t hidden) {
  const auto weight = [&](const char* which) -> Parameter& {
    return add_weight(store, prefix + "attention." + which + ".weight", {hidden, hidden}, false);
  };
  const auto bias = [&](const char* which) -> Parameter& {
    return add_bias(store, prefix + "attention." + which + ".bias", hidden);
  };
  Parameter& query = weight("query");
  Parameter& key = weight("key");
  Parameter& key_value = store.stack({&key, &weight("value")});
  Parameter& query_bias = bias("query");
  Parameter& key_bias = bias("key");
  Parameter& key_value_bias = store.stack({&key_bias, &bias("value")});
  store.pack_or_quantize(query);
  store.pack_or_quantize(key_value);
  return {query, query_bias, key_value, key_value_bias};
}

Layer::Layer(ParameterStore& store, const std::string& prefix, const AlbertConfig& config)
    : config_(config),
      projections_(add_projections(store, prefix, config.hidden_size)),
      dense_weight_(add_encoder_weight(store, prefix + "attention.dense.weight",
                                       {config.hidden_size, config.hidden_size})),
      dense_bias_(add_bias(store, prefix + "attention.dense.bias", config.hidden_size)),
      attention_gamma_(add_gamma(store, prefix + "attention.LayerNorm.weight", config.hidden_size)),
      attention_beta_(add_bias(store, prefix + "attention.LayerNorm.bias", config.hidden_size)),
      ffn_weight_(add_encoder_weight(store, prefix + "ffn.weight",
                                     {config.intermediate_size, config.hidden_size})),
      ffn_bias_(add_bias(store, prefix + "ffn.bias", config.intermediate_size)),
      ffn_output_weight_(add_encoder_weight(store, prefix + "ffn_output.weight",
                                            {config.hidden_size, config.intermediate_size})),
      ffn_output_bias_(add_bias(store, prefix + "ffn_output.bias", config.hidden_size)),
      full_gamma_(add_gamma(store, prefix + "full_layer_layer_norm.weight", config.hidden_size)),
      full_beta_(add_bias(store, prefix + "full_layer_layer_norm.bias", config.hidden_size)) {}

Var Layer::attention(Tape& t, Var x, Var x_queries, const LayerCall& call) const {
  const LayerOperands& kept = call.operands;
  const bool adds = !kept;
  const Var query =
      ops::linear(t, x_queries, {projections_.query_weight, projections_.query_bias, adds},
                  {.grad = kept.dquery});
  const Var key_value =
      ops::linear(t, x, {projections_.key_value_weight, projections_.key_value_bias, adds},
                  {.grad = kept.dkey_value});
  const ops::AttentionShape shape{config_.num_attention_heads, config_.head_size(),
                                  call.queries.cu_seqlens, call.keys.cu_seqlens,
                                  call.queries.in_sequence};
  const auto dropout =
      call.dropout.at(call.site, config_.attention_probs_dropout_prob, call.queries.row_ids);
  const Var context = ops::attention(t, query, key_value, shape, call.probabilities, dropout,
                                     {.value = kept.context});
  return ops::linear(t, context, {dense_weight_, dense_bias_, adds}, {.grad = kept.ddense});
}

Var Layer::operator()(Tape& t, Var x, const LayerCall& call) const {
  const Var x_queries = call.queries.rows ? ops::gather_rows(t, x, call.queries.rows) : x;
  const LayerOperands& kept = call.operands;
  const bool adds = !kept;
  const Var attended = attention(t, x, x_queries, call);
  const auto dropout =
      call.dropout.at(call.site + 1, config_.hidden_dropout_prob, call.queries.row_ids);
  const Var h = ops::layer_norm(t, attended, &x_queries, norm(attention_gamma_, attention_beta_),
                                dropout, {.value = kept.attention_output});
  const Var narrow = ops::feed_forward(
      t, h, {ffn_weight_, ffn_bias_, adds}, {ffn_output_weight_, ffn_output_bias_, adds},
      config_.activation(), {kept.wide, kept.dwide}, {.grad = kept.dnarrow});
  return ops::layer_norm(t, narrow, &h, norm(full_gamma_, full_beta_), {}, {.value = call.output});
}

void Layer::add_gradients(Tape& t, const LayerOperands& o) const {
  ops::add_linear_gradients(t, {projections_.query_weight, projections_.query_bias}, o.dquery,
                            o.hidden);
  ops::add_linear_gradients(t, {projections_.key_value_weight, projections_.key_value_bias},
                            o.dkey_value, o.hidden);
  ops::add_linear_gradients(t, {dense_weight_, dense_bias_}, o.ddense, o.context);
  ops::add_weight_gradient(t, ffn_weight_, o.dwide, o.attention_output);
  ops::add_linear_gradients(t, {ffn_output_weight_, ffn_output_bias_}, o.dnarrow, o.wide);
}

}  // namespace albert
