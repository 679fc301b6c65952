#include "albert/heads/formats/onnx_encoder.h"

#include <cmath>
#include <limits>

namespace albert {
namespace {

using Ints = std::vector<int64_t>;

std::string embeddings(OnnxBuilder& b, const std::string& prefix, const OnnxBatch& batch) {
  b.enter("embeddings");
  const auto table = [&](const char* name) {
    return b.parameter(prefix + "embeddings." + name + "_embeddings.weight");
  };
  const std::string length =
                        b.node("Squeeze", {b.node("Shape", {batch.input_ids}, {{"start", 1}})}),
                    positions = b.node("Range", {b.integer(0), length, b.integer(1)});
  const std::string words = b.node("Gather", {table("word"), batch.input_ids}),
                    types = b.node("Gather", {table("token_type"), batch.token_type_ids}),
                    places = b.node("Gather", {table("position"), positions});
  const std::string sum = b.node("Add", {b.node("Add", {words, types}), places}),
                    normed = b.layer_norm(sum, prefix + "embeddings.LayerNorm");
  return b.linear(normed, prefix + "encoder.embedding_hidden_mapping_in");
}

// What is added to the scores of keys, [B, 1, 1, S]: 0, or at padding the lowest number.
std::string score_bias(OnnxBuilder& b, const std::string& attention_mask) {
  b.enter("mask");
  const std::string wide = b.node("Unsqueeze", {attention_mask, b.integers({1, 2})}),
                    real = b.node("Cast", {wide}, {{"to", onnx_type(b.dtype())}}),
                    padding = b.node("Sub", {b.number(1), real});
  return b.node("Mul", {padding, b.number(lowest_of(b.dtype()))});
}

// x [B, S, H] through LAYER, its heads apart: [B, heads, S, d].
std::string heads_of(OnnxBuilder& b, const std::string& x, const std::string& layer) {
  const AlbertConfig& c = b.config();
  const std::string apart = b.node(
      "Reshape", {b.linear(x, layer), b.integers({0, 0, c.num_attention_heads, c.head_size()})});
  return b.node("Transpose", {apart}, {{"perm", Ints{0, 2, 1, 3}}});
}

std::string attention(OnnxBuilder& b, const std::string& x, const std::string& layer,
                      const std::string& bias) {
  const AlbertConfig& c = b.config();
  const std::string query = heads_of(b, x, layer + "query"), key = heads_of(b, x, layer + "key"),
                    value = heads_of(b, x, layer + "value");
  // onnxruntime takes this transposition into the product.
  const std::string turned = b.node("Transpose", {key}, {{"perm", Ints{0, 1, 3, 2}}});
  const double scale = std::sqrt(static_cast<double>(c.head_size()));
  const std::string scores = b.node("Div", {b.node("MatMul", {query, turned}), b.number(scale)}),
                    probabilities =
                        b.node("Softmax", {b.node("Add", {scores, bias})}, {{"axis", -1}}),
                    context = b.node("MatMul", {probabilities, value}),
                    together = b.node("Transpose", {context}, {{"perm", Ints{0, 2, 1, 3}}});
  const std::string flat = b.node("Reshape", {together, b.integers({0, 0, c.hidden_size})});
  return b.linear(flat, layer + "dense");
}

// The residuals are plain sums whose shapes are not declared: onnxruntime would otherwise compute
// SkipLayerNormalization, whose CPU kernel takes several times as long as both operations.
std::string encoder_layer(OnnxBuilder& b, const std::string& x, const std::string& layer,
                          const std::string& bias) {
  const std::string attended = attention(b, x, layer + "attention.", bias),
                    h = b.layer_norm(b.node("Add", {attended, x}), layer + "attention.LayerNorm");
  const std::string wide = b.activation(b.linear(h, layer + "ffn"), b.config().activation()),
                    narrow = b.linear(wide, layer + "ffn_output");
  return b.layer_norm(b.node("Add", {narrow, h}), layer + "full_layer_layer_norm");
}

}  // namespace

double lowest_of(DType dtype) {
  constexpr double kLowestF16 = -65504;
  return dtype == DType::kF16 ? kLowestF16 : std::numeric_limits<float>::lowest();
}

std::string add_encoder(OnnxBuilder& b, const std::string& prefix, const OnnxBatch& batch) {
  const AlbertConfig& c = b.config();
  std::string x = embeddings(b, prefix, batch);
  const std::string bias = score_bias(b, batch.attention_mask);
  for (int64_t i = 0; i < c.num_hidden_layers * c.inner_group_num; ++i) {
    const int64_t group = c.group_of_layer(i / c.inner_group_num), inner = i % c.inner_group_num;
    b.enter("layer." + std::to_string(i));
    x = encoder_layer(b, x,
                      prefix + "encoder.albert_layer_groups." + std::to_string(group) +
                          ".albert_layers." + std::to_string(inner) + ".",
                      bias);
  }
  return x;
}

std::string add_pooler(OnnxBuilder& b, const std::string& prefix,
                       const std::string& hidden_states) {
  b.enter("pooler");
  const std::string first = b.node("Gather", {hidden_states, b.integer(0)}, {{"axis", 1}});
  return b.node("Tanh", {b.linear(first, prefix + "pooler")});
}

}  // namespace albert
