#include "albert/heads/state_dict.h"

#include <sstream>

namespace albert {
namespace {

constexpr const char* kPrefix = "albert.";

bool starts_with(const std::string& text, std::string_view prefix) {
  return text.rfind(prefix, 0) == 0;
}

bool is_backbone(const std::string& name) {
  return starts_with(name, "embeddings.") || starts_with(name, "encoder.") ||
         starts_with(name, "pooler.");
}

void replace_suffix(std::string& name, std::string_view from, std::string_view to) {
  if (name.size() > from.size() && name.compare(name.size() - from.size(), from.size(), from) == 0)
    name.replace(name.size() - from.size(), from.size(), to);
}

// The parameter a file's tensor stands for in a model whose backbone is (or is not) under
// "albert.".
std::string canonical_name(std::string name, bool prefixed) {
  if (prefixed && is_backbone(name)) name.insert(0, kPrefix);
  if (!prefixed && starts_with(name, kPrefix)) name.erase(0, std::string_view(kPrefix).size());
  replace_suffix(name, "LayerNorm.gamma", "LayerNorm.weight");
  replace_suffix(name, "LayerNorm.beta", "LayerNorm.bias");
  replace_suffix(name, "layer_norm.gamma", "layer_norm.weight");
  replace_suffix(name, "layer_norm.beta", "layer_norm.bias");
  return name;
}

bool is_buffer(const std::string& name) {
  return name == "embeddings.position_ids" || name == "albert.embeddings.position_ids" ||
         name == "embeddings.token_type_ids" || name == "albert.embeddings.token_type_ids";
}

std::string described(const std::string& name, const Shape& shape) {
  std::ostringstream out;
  out << name << ' ' << shape;
  return out.str();
}

bool same_shape(const Shape& a, const std::vector<int64_t>& b) {
  if (a.rank() != static_cast<int>(b.size())) return false;
  for (int i = 0; i < a.rank(); ++i)
    if (a[i] != b[static_cast<size_t>(i)]) return false;
  return true;
}

// Copies of tied tensors: transformers drops them from safetensors, older files and .bin exports
// carry them. Either bias stands in for the other where only one is there; the model's own wins.
void resolve_decoder(std::map<std::string, HostTensor>& tensors, ParameterStore& wanted,
                     bool tied) {
  const std::string own = tied ? "predictions.bias" : "predictions.decoder.bias";
  if (!wanted.find(own)) return;
  if (tied) tensors.erase("predictions.decoder.weight");
  auto other = tensors.extract(tied ? "predictions.decoder.bias" : "predictions.bias");
  if (other.empty()) return;
  other.key() = own;
  tensors.insert(std::move(other));
}

}  // namespace

StateDict match_state_dict(ParameterStore& store, const AlbertConfig& config,
                           std::map<std::string, HostTensor> tensors) {
  const bool prefixed = !store.all().empty() && starts_with(store.all().front().name, kPrefix);
  std::map<std::string, HostTensor> named;
  for (auto& [name, tensor] : tensors) {
    if (is_buffer(name)) continue;
    if (!named.emplace(canonical_name(name, prefixed), std::move(tensor)).second)
      fail(ErrorCode::kMismatch, "two tensors stand for ", canonical_name(name, prefixed),
           ", one of them ", name);
  }
  resolve_decoder(named, store, config.tie_word_embeddings);

  StateDict result;
  for (Parameter& p : store.all()) {
    auto found = named.extract(p.name);
    if (found.empty()) {
      result.missing.push_back(described(p.name, p.shape));
    } else if (!same_shape(p.shape, found.mapped().shape()) || !is_float(found.mapped().dtype())) {
      result.wrong.push_back(described(p.name, p.shape) + " is " + found.mapped().shape_string() +
                             ' ' + name_of(found.mapped().dtype()) + " in the file");
    } else {
      result.tensors.insert(std::move(found));
    }
  }
  for (const auto& [name, tensor] : named)
    result.unexpected.push_back(name + ' ' + tensor.shape_string());
  return result;
}

Parameter* word_embeddings_of(ParameterStore& store) {
  Parameter* words = store.find("albert.embeddings.word_embeddings.weight");
  return words ? words : store.find("embeddings.word_embeddings.weight");
}

void zero_padding_row(kernels::Backend& backend, Parameter& words, int64_t padding_idx) {
  if (padding_idx < 0 || padding_idx >= words.shape[0]) return;
  const size_t row = static_cast<size_t>(words.shape[1]) * size_of(words.value.dtype);
  backend.clear(static_cast<std::byte*>(words.value.data) + static_cast<size_t>(padding_idx) * row,
                row);
}

}  // namespace albert
