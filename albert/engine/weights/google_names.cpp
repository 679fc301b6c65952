#include "albert/engine/weights/google_names.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "albert/base/printable.h"
#include "albert/engine/weights/albert_zh.h"
#include "albert/engine/weights/renamed_weights.h"

namespace albert {
namespace {

using Names = std::pair<std::string_view, std::string_view>;  // Google's, transformers'

// Layers, whose tensors end as kEndings says.
constexpr std::array kLayers{
    Names{"bert/embeddings/LayerNorm", "albert.embeddings.LayerNorm"},
    Names{"bert/encoder/embedding_hidden_mapping_in", "albert.encoder.embedding_hidden_mapping_in"},
    Names{"bert/pooler/dense", "albert.pooler"},
    Names{"cls/predictions/transform/LayerNorm", "predictions.LayerNorm"},
    Names{"cls/predictions/transform/dense", "predictions.dense"},
    Names{"start_logits/dense", "start_logits.dense"},
    Names{"end_logits/dense_0", "end_logits.dense_0"},
    Names{"end_logits/LayerNorm", "end_logits.LayerNorm"},
    Names{"end_logits/dense_1", "end_logits.dense_1"},
    Names{"answer_class/dense_0", "answer_class.dense_0"},
    Names{"answer_class/dense_1", "answer_class.dense_1"}};
constexpr std::array kEndings{Names{"/kernel", ".weight"}, Names{"/bias", ".bias"},
                              Names{"/gamma", ".weight"}, Names{"/beta", ".bias"}};

// Layers within bert/encoder/transformer/group_G/inner_group_K/.
constexpr std::array kInnerLayers{Names{"attention_1/self/query", "attention.query"},
                                  Names{"attention_1/self/key", "attention.key"},
                                  Names{"attention_1/self/value", "attention.value"},
                                  Names{"attention_1/output/dense", "attention.dense"},
                                  Names{"LayerNorm", "attention.LayerNorm"},
                                  Names{"ffn_1/intermediate/dense", "ffn"},
                                  Names{"ffn_1/intermediate/output/dense", "ffn_output"},
                                  Names{"LayerNorm_1", "full_layer_layer_norm"}};

// Layers within bert/encoder/layer_shared/ of brightmart's albert_zh.
constexpr std::array kSharedLayers{Names{"attention/self/query", "attention.query"},
                                   Names{"attention/self/key", "attention.key"},
                                   Names{"attention/self/value", "attention.value"},
                                   Names{"attention/output/dense", "attention.dense"},
                                   Names{"attention/output/LayerNorm", "attention.LayerNorm"},
                                   Names{"intermediate/dense", "ffn"},
                                   Names{"output/dense", "ffn_output"},
                                   Names{"output/LayerNorm", "full_layer_layer_norm"}};

constexpr std::array kTensors{
    Names{"bert/embeddings/word_embeddings", "albert.embeddings.word_embeddings.weight"},
    Names{"bert/embeddings/position_embeddings", "albert.embeddings.position_embeddings.weight"},
    Names{"bert/embeddings/token_type_embeddings",
          "albert.embeddings.token_type_embeddings.weight"},
    Names{"cls/predictions/output_bias", "predictions.bias"},
    Names{"cls/seq_relationship/output_weights", "sop_classifier.classifier.weight"},
    Names{"cls/seq_relationship/output_bias", "sop_classifier.classifier.bias"},
    Names{"cls/squad/output_weights", "qa_outputs.weight"},
    Names{"cls/squad/output_bias", "qa_outputs.bias"},
    Names{"output_weights", "classifier.weight"},
    Names{"output_bias", "classifier.bias"}};

constexpr std::string_view kModule = "module/";
constexpr std::string_view kShared = "bert/encoder/layer_shared/";
constexpr std::string_view kGroup = "bert/encoder/transformer/group_";
constexpr std::string_view kInnerGroup = "/inner_group_";
constexpr std::string_view kTheirGroup = "albert.encoder.albert_layer_groups.";  // transformers'
constexpr std::string_view kTheirInnerGroup = ".albert_layers.";

template <size_t N>
std::string name_of_google(const std::array<Names, N>& names, std::string_view name) {
  for (const auto& [google, transformers] : names)
    if (transformers == name) return std::string(google);
  return "";
}

template <size_t N>
std::string other_name(const std::array<Names, N>& names, std::string_view name) {
  for (const auto& [google, transformers] : names)
    if (google == name) return std::string(transformers);
  return "";
}

// Takes a decimal number without leading zeros off the front of `text`; empty when there is none.
std::string take_number(std::string_view& text) {
  const size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || (end > 1 && text.front() == '0')) return "";
  std::string number(text.substr(0, end));
  text.remove_prefix(end);
  return number;
}

std::string layer_of_group(const std::string& group, const std::string& inner,
                           const std::string& layer) {
  if (layer.empty()) return "";
  return std::string(kTheirGroup) + group + std::string(kTheirInnerGroup) + inner + "." + layer;
}

// "group_G/inner_group_K/LAYER" of the encoder; empty for any other layer.
std::string encoder_layer(std::string_view name) {
  if (name.starts_with(kShared))
    return layer_of_group("0", "0", other_name(kSharedLayers, name.substr(kShared.size())));
  if (!name.starts_with(kGroup)) return "";
  name.remove_prefix(kGroup.size());
  const std::string group = take_number(name);
  if (group.empty() || !name.starts_with(kInnerGroup)) return "";
  name.remove_prefix(kInnerGroup.size());
  const std::string inner = take_number(name);
  if (inner.empty() || !name.starts_with('/')) return "";
  return layer_of_group(group, inner, other_name(kInnerLayers, name.substr(1)));
}

// Of "LAYER/kernel" and the like; empty for any other.
std::string layer_tensor(std::string_view name) {
  for (const auto& [ending, ours] : kEndings) {
    if (!name.ends_with(ending)) continue;
    const std::string_view layer = name.substr(0, name.size() - ending.size());
    std::string known = other_name(kLayers, layer);
    if (known.empty()) known = encoder_layer(layer);
    if (!known.empty()) return known.append(ours);
  }
  return "";
}

// Google's name of a layer that transformers calls so; empty for any other.
std::string google_layer(std::string_view name) {
  if (!name.starts_with(kTheirGroup)) return name_of_google(kLayers, name);
  name.remove_prefix(kTheirGroup.size());
  const std::string group = take_number(name);
  if (group.empty() || !name.starts_with(kTheirInnerGroup)) return "";
  name.remove_prefix(kTheirInnerGroup.size());
  const std::string inner = take_number(name);
  if (inner.empty() || !name.starts_with('.')) return "";
  const std::string layer = name_of_google(kInnerLayers, name.substr(1));
  if (layer.empty()) return "";
  return std::string(kGroup) + group + std::string(kInnerGroup) + inner + "/" + layer;
}

}  // namespace

std::optional<std::string> transformers_name(const std::string& variable) {
  if (variable == "global_step" || variable.ends_with("/adam_m") || variable.ends_with("/adam_v"))
    return std::nullopt;
  std::string_view name = variable;
  if (name.starts_with(kModule)) name.remove_prefix(kModule.size());
  std::string known = other_name(kTensors, name);
  if (known.empty()) known = layer_tensor(name);
  return known.empty() ? variable : known;
}

std::optional<std::string> google_name(const std::string& tensor) {
  if (const std::string known = name_of_google(kTensors, tensor); !known.empty()) return known;
  const size_t dot = tensor.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string layer = google_layer(std::string_view(tensor).substr(0, dot)),
                    ending = tensor.substr(dot);
  if (layer.empty() || (ending != ".weight" && ending != ".bias")) return std::nullopt;
  const bool is_norm = layer.find("LayerNorm") != std::string::npos,
             is_weight = ending == ".weight";
  if (is_norm) return layer + (is_weight ? "/gamma" : "/beta");
  return layer + (is_weight ? "/kernel" : "/bias");
}

bool is_google_kernel(const std::string& variable, const TensorInfo& info) {
  return variable.ends_with("/kernel") && info.shape.size() == 2;
}

std::unique_ptr<const WeightSource> with_transformers_names(
    std::unique_ptr<const WeightSource> variables) {
  TensorSources sources;
  for (const auto& [variable, info] : variables->tensors()) {
    const auto name = transformers_name(variable);
    if (!name) continue;
    const auto [at, is_new] =
        sources.emplace(*name, TensorOrigin{variable, is_google_kernel(variable, info)});
    if (!is_new)
      fail(ErrorCode::kBadData, variables->name(), ": found ", in_quotes(at->second.name), " and ",
           in_quotes(variable), ", wanted one variable for ", in_quotes(*name));
  }
  const bool has_projection = sources.contains(kAlbertZhProjection);
  auto weights = renamed(std::move(variables), std::move(sources));
  return has_projection ? with_projected_words(std::move(weights)) : std::move(weights);
}

}  // namespace albert
