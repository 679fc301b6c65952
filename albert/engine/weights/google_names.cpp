#include "albert/engine/weights/google_names.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "albert/base/printable.h"

namespace albert {
namespace {

using Names = std::pair<std::string_view, std::string_view>;  // Google's, transformers'

// Layers, whose tensors end as kEndings says.
constexpr std::array kLayers{
    Names{"bert/embeddings/LayerNorm", "albert.embeddings.LayerNorm"},
    Names{"bert/encoder/embedding_hidden_mapping_in", "albert.encoder.embedding_hidden_mapping_in"},
    Names{"bert/pooler/dense", "albert.pooler"},
    Names{"cls/predictions/transform/LayerNorm", "predictions.LayerNorm"},
    Names{"cls/predictions/transform/dense", "predictions.dense"}};
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
constexpr std::string_view kGroup = "bert/encoder/transformer/group_";
constexpr std::string_view kInnerGroup = "/inner_group_";

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

// "group_G/inner_group_K/LAYER" of the encoder; empty for any other layer.
std::string encoder_layer(std::string_view name) {
  if (!name.starts_with(kGroup)) return "";
  name.remove_prefix(kGroup.size());
  const std::string group = take_number(name);
  if (group.empty() || !name.starts_with(kInnerGroup)) return "";
  name.remove_prefix(kInnerGroup.size());
  const std::string inner = take_number(name);
  if (inner.empty() || !name.starts_with('/')) return "";
  const std::string layer = other_name(kInnerLayers, name.substr(1));
  if (layer.empty()) return "";
  return "albert.encoder.albert_layer_groups." + group + ".albert_layers." + inner + "." + layer;
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

// Whether a variable's matrix lies [in, out].
bool is_kernel(const std::string& variable, const TensorInfo& info) {
  return variable.ends_with("/kernel") && info.shape.size() == 2;
}

// Writes the transpose of from [rows, cols] to `to` [cols, rows], in squares that fit the cache.
// Each is turned in a buffer of its own: rows a power of two apart would drive each other out.
template <class Item>
void transpose(const std::byte* from, std::byte* to, size_t rows, size_t cols) {
  constexpr size_t kSide = 32;
  std::array<std::array<Item, kSide>, kSide> square{}, turned{};
  for (size_t top = 0; top < rows; top += kSide)
    for (size_t left = 0; left < cols; left += kSide) {
      const size_t height = std::min(rows - top, kSide), width = std::min(cols - left, kSide);
      for (size_t i = 0; i < height; ++i)
        std::memcpy(square[i].data(), from + ((top + i) * cols + left) * sizeof(Item),
                    width * sizeof(Item));
      for (size_t i = 0; i < height; ++i)
        for (size_t j = 0; j < width; ++j) turned[j][i] = square[i][j];
      for (size_t j = 0; j < width; ++j)
        std::memcpy(to + ((left + j) * rows + top) * sizeof(Item), turned[j].data(),
                    height * sizeof(Item));
    }
}

void transpose_items(const std::byte* from, std::byte* to, size_t rows, size_t cols, size_t item) {
  switch (item) {
    case 1: return transpose<uint8_t>(from, to, rows, cols);
    case 2: return transpose<uint16_t>(from, to, rows, cols);
    case 4: return transpose<uint32_t>(from, to, rows, cols);
    default: return transpose<uint64_t>(from, to, rows, cols);
  }
}

class GoogleWeights : public WeightSource {
 public:
  explicit GoogleWeights(std::unique_ptr<const WeightSource> variables)
      : variables_(std::move(variables)) {
    for (const auto& [variable, info] : variables_->tensors()) {
      check_network(variable);
      const auto name = transformers_name(variable);
      if (!name) continue;
      const auto [at, is_new] = names_.emplace(*name, variable);
      if (!is_new)
        fail(ErrorCode::kBadData, variables_->name(), ": found ", in_quotes(at->second), " and ",
             in_quotes(variable), ", wanted one variable for ", in_quotes(*name));
      TensorInfo& ours = tensors_.emplace(*name, info).first->second;
      if (is_kernel(variable, info)) std::swap(ours.shape[0], ours.shape[1]);
    }
  }

  std::string name() const override { return variables_->name(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    const std::string& variable = names_.at(tensor);
    const TensorInfo& info = variables_->tensors().at(variable);
    if (!is_kernel(variable, info) || to.empty()) return variables_->read(variable, to);
    const HostTensor kernel = variables_->tensor(variable);
    transpose_items(static_cast<const std::byte*>(kernel.raw()), to.data(),
                    static_cast<size_t>(info.shape[0]), static_cast<size_t>(info.shape[1]),
                    size_of(info.dtype));
  }
  void check_unchanged() const override { variables_->check_unchanged(); }

 private:
  // brightmart's first albert_zh projects the words alone, before positions of the hidden size are
  // added (its modeling.py), which no other ALBERT computes.
  void check_network(const std::string& variable) const {
    if (variable.ends_with("/word_embeddings_2") ||
        variable.find("/layer_shared/") != std::string::npos)
      fail(ErrorCode::kBadData, variables_->name(), ": found ", in_quotes(variable),
           " of brightmart's albert_zh, another network than ALBERT, wanted the variables of "
           "Google's; take one of its models named albert_*_google_zh");
  }

  std::unique_ptr<const WeightSource> variables_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> names_;  // of the variables, by ours
};

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

std::unique_ptr<const WeightSource> with_transformers_names(
    std::unique_ptr<const WeightSource> variables) {
  return std::make_unique<const GoogleWeights>(std::move(variables));
}

}  // namespace albert
