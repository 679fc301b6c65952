#include "albert/heads/state_dict.h"

#include <set>
#include <sstream>

#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr std::string_view kPrefix = "albert.";
constexpr const char* kWords = "embeddings.word_embeddings.weight";
constexpr const char* kDecoder = "predictions.decoder.weight";

void replace_suffix(std::string& name, std::string_view from, std::string_view to) {
  if (name.size() > from.size() && name.ends_with(from))
    name.replace(name.size() - from.size(), from.size(), to);
}

// The parameter a file's tensor stands for in a model whose backbone is (or is not) under
// "albert.".
std::string canonical_name(std::string name, bool prefixed) {
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  if (prefixed && part_of(name) != ModelPart::kHead) name.insert(0, kPrefix);
  replace_suffix(name, "LayerNorm.gamma", "LayerNorm.weight");
  replace_suffix(name, "LayerNorm.beta", "LayerNorm.bias");
  replace_suffix(name, "layer_norm.gamma", "layer_norm.weight");
  replace_suffix(name, "layer_norm.beta", "layer_norm.bias");
  return name;
}

bool is_buffer(const std::string& name) {
  return name.ends_with("embeddings.position_ids") || name.ends_with("embeddings.token_type_ids");
}

bool fits(const Parameter& p, const TensorInfo& info) {
  if (!is_float(info.dtype) || p.shape.rank() != static_cast<int>(info.shape.size())) return false;
  for (int i = 0; i < p.shape.rank(); ++i)
    if (p.shape[i] != info.shape[static_cast<size_t>(i)]) return false;
  return true;
}

// The config's key that gives a parameter its rows, with the value; empty for others.
std::string reason_for_rows(const Parameter& p, const AlbertConfig& c) {
  const auto is = [&](std::string_view ending) { return p.name.ends_with(ending); };
  const auto key = [](const char* name, int64_t value) {
    return std::string(", as ") + name + " is " + std::to_string(value);
  };
  if (is(kWords) || is("predictions.bias") || is(kDecoder) || is("predictions.decoder.bias"))
    return key("vocab_size", c.vocab_size);
  if (is("position_embeddings.weight"))
    return key("max_position_embeddings", c.max_position_embeddings);
  if (is("token_type_embeddings.weight")) return key("type_vocab_size", c.type_vocab_size);
  if ((p.name.starts_with("classifier.") || p.name.starts_with("qa_outputs.")) &&
      p.shape[0] == c.num_labels())
    return key("the number of labels (id2label)", c.num_labels());
  return "";
}

std::string mismatch(const Parameter& p, const TensorInfo& info, const AlbertConfig& config) {
  std::ostringstream text;
  text << p.name << ": found " << shape_string(info.shape) << ' ' << info.dtype << ", wanted "
       << p.shape;
  const bool other_rows = !info.shape.empty() && p.shape.rank() > 0 && info.shape[0] != p.shape[0];
  if (!is_float(info.dtype))
    text << " floats";
  else if (other_rows)
    text << reason_for_rows(p, config);
  return text.str();
}

// The tensors of a source under the names of a model's parameters.
class NamedTensors {
 public:
  NamedTensors(const WeightSource& weights, bool prefixed) : weights_(weights) {
    for (const auto& [name, info] : weights.tensors()) {
      if (is_buffer(name)) continue;
      const std::string canonical = canonical_name(name, prefixed);
      const auto [at, is_new] = sources_.emplace(canonical, name);
      if (!is_new)
        fail(ErrorCode::kMismatch, weights.name(), ": found ", at->second, " and ", name,
             ", wanted one tensor for ", canonical);
    }
  }
  bool has(const std::string& name) const { return sources_.contains(name); }
  void drop(const std::string& name) { sources_.erase(name); }
  void rename(const std::string& from, const std::string& to) {
    auto node = sources_.extract(from);
    node.key() = to;
    sources_.insert(std::move(node));
  }
  const TensorInfo& info(const std::string& name) const {
    return weights_.tensors().at(sources_.at(name));
  }
  const std::map<std::string, std::string>& sources() const { return sources_; }

 private:
  const WeightSource& weights_;
  std::map<std::string, std::string> sources_;  // by the parameter's name
};

const Parameter* find(const ParameterStore& store, std::string_view name) {
  for (const Parameter& p : store.all())
    if (p.name == name) return &p;
  return nullptr;
}

// Of two copies of one bias the model's own counts, unless its size is wrong and the other's right:
// older versions of transformers resized one and forgot the other.
void resolve_bias(NamedTensors& named, const ParameterStore& store, bool tied) {
  const std::string own = tied ? "predictions.bias" : "predictions.decoder.bias",
                    other = tied ? "predictions.decoder.bias" : "predictions.bias";
  const Parameter* bias = find(store, own);
  if (!bias || !named.has(other)) return;
  if (named.has(own)) {
    const bool other_is_better = !fits(*bias, named.info(own)) && fits(*bias, named.info(other));
    named.drop(other_is_better ? own : other);
    if (!other_is_better) return;
  }
  named.rename(other, own);
}

// Of tied weights a file may hold both copies, or either alone.
void resolve_tied_weights(NamedTensors& named, const ParameterStore& store, bool prefixed,
                          bool tied) {
  if (!tied || !named.has(kDecoder)) return;
  const std::string words = (prefixed ? std::string(kPrefix) : "") + kWords;
  if (!named.has(words))
    named.rename(kDecoder, words);
  else if (find(store, "predictions.bias"))
    named.drop(kDecoder);
}

std::string listed(const std::vector<std::string>& names) { return joined_first(names, 6); }

}  // namespace

ModelPart part_of(std::string_view name) {
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  if (name.starts_with("embeddings.")) return ModelPart::kEmbeddings;
  if (name.starts_with("encoder.")) return ModelPart::kEncoder;
  if (name.starts_with("pooler.")) return ModelPart::kPooler;
  return ModelPart::kHead;
}

StateDict match_state_dict(const ParameterStore& store, const AlbertConfig& config,
                           const WeightSource& weights) {
  const bool prefixed = !store.all().empty() && store.all().front().name.starts_with(kPrefix);
  NamedTensors named(weights, prefixed);
  resolve_tied_weights(named, store, prefixed, config.tie_word_embeddings);
  resolve_bias(named, store, config.tie_word_embeddings);

  StateDict result;
  std::set<std::string_view> wanted;
  for (const Parameter& p : store.all()) {
    wanted.insert(p.name);
    if (!named.has(p.name))
      result.missing.push_back(&p);
    else if (!fits(p, named.info(p.name)))
      result.wrong.push_back(mismatch(p, named.info(p.name), config));
    else
      result.sources.emplace(p.name, named.sources().at(p.name));
  }
  for (const auto& [name, source] : named.sources())
    if (!wanted.contains(name))
      result.unexpected.push_back(name + ' ' + shape_string(named.info(name).shape));
  return result;
}

void check_complete(const StateDict& found, const std::string& place,
                    const std::string& architecture, bool allow_missing_head) {
  std::vector<std::string> encoder, head;
  for (const Parameter* p : found.missing) {
    const ModelPart part = part_of(p->name);
    const bool is_head = part == ModelPart::kPooler || part == ModelPart::kHead;
    (is_head ? head : encoder).push_back(described(*p));
  }
  if (!encoder.empty())
    fail(ErrorCode::kMismatch, place, ": found no tensor ", listed(encoder),
         ", wanted every tensor of an ALBERT encoder of this config",
         found.unexpected.empty() ? "" : "; not used are " + listed(found.unexpected));
  if (!head.empty() && !allow_missing_head)
    fail(ErrorCode::kMismatch, place, ": found no tensor ", listed(head), ", wanted a trained ",
         architecture, "; train its head first");
  if (!found.wrong.empty()) fail(ErrorCode::kMismatch, place, ": ", listed(found.wrong));
}

std::string described(const Parameter& parameter) {
  std::ostringstream out;
  out << parameter.name << ' ' << parameter.shape;
  return out.str();
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
