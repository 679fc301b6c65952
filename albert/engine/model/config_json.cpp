// config.json in and out. Every key is read, refused by name, or reported.
#include <algorithm>
#include <array>
#include <set>

#include "albert/base/nearest.h"
#include "albert/base/printable.h"
#include "albert/engine/model/config_keys.h"
#include "albert/engine/model/config_reader.h"

namespace albert {
namespace {

using nlohmann::json;

constexpr size_t kMaxWarnings = 20;  // of unknown keys, one line each

void read_problem_type(ConfigReader& reader, AlbertConfig& config) {
  const json* v = reader.find("problem_type");
  if (!v || v->is_null()) return;
  reader.read("problem_type", config.problem_type);
  constexpr std::array kProblemTypes{"regression", "single_label_classification",
                                     "multi_label_classification"};
  for (const char* known : kProblemTypes)
    if (config.problem_type == known) return;
  fail(ErrorCode::kMismatch, reader.file(), ": problem_type: found ",
       in_quotes(config.problem_type), ", wanted ", one_of(kProblemTypes));
}

// transformers reads null as false here.
void read_flag(ConfigReader& reader, const char* key, bool& value) {
  const json* v = reader.find(key);
  if (v && !v->is_null()) reader.read(key, value);
}

void read_fields(ConfigReader& r, AlbertConfig& c) {
  r.read("vocab_size", c.vocab_size);
  r.read("embedding_size", c.embedding_size);
  r.read("hidden_size", c.hidden_size);
  r.read("num_hidden_layers", c.num_hidden_layers);
  r.read("num_hidden_groups", c.num_hidden_groups);
  r.read("num_attention_heads", c.num_attention_heads);
  r.read("intermediate_size", c.intermediate_size);
  r.read("inner_group_num", c.inner_group_num);
  r.read("hidden_act", c.hidden_act);
  r.read("hidden_dropout_prob", c.hidden_dropout_prob);
  r.read("attention_probs_dropout_prob", c.attention_probs_dropout_prob);
  r.read("max_position_embeddings", c.max_position_embeddings);
  r.read("type_vocab_size", c.type_vocab_size);
  r.read("initializer_range", c.initializer_range);
  r.read("layer_norm_eps", c.layer_norm_eps);
  r.read("classifier_dropout_prob", c.classifier_dropout_prob);
  r.read("pad_token_id", c.pad_token_id);
  r.read_id("bos_token_id", c.bos_token_id);
  r.read_id("eos_token_id", c.eos_token_id);
  r.read("tie_word_embeddings", c.tie_word_embeddings);
  read_flag(r, "output_hidden_states", c.output_hidden_states);
  read_flag(r, "output_attentions", c.output_attentions);
  r.read("architectures", c.architectures);
}

void refuse(const std::string& file, const json& rest) {
  for (const RefusedKey& key : refused_keys()) {
    const auto at = rest.find(key.name);
    if (at == rest.end() || at->is_null()) continue;
    const auto& harmless = key.harmless_values;
    if (std::find(harmless.begin(), harmless.end(), at->dump()) == harmless.end())
      fail(ErrorCode::kMismatch, file, ": ", key.name, ": found ", printable(at->dump()),
           ", wanted ", key.wanted);
  }
  const auto type = rest.find("model_type");
  if (type != rest.end() && !type->is_null() && *type != "albert")
    fail(ErrorCode::kMismatch, file, ": model_type: found ", printable(type->dump()),
         ", wanted \"albert\"");
}

void warn_unknown(const ConfigReader& reader, const json& rest) {
  if (!reader.warns()) return;
  std::vector<std::string> known = harmless_keys();
  for (const RefusedKey& key : refused_keys()) known.push_back(key.name);
  known.insert(known.end(), reader.taken().begin(), reader.taken().end());
  size_t unknown = 0;
  for (const auto& [key, value] : rest.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (++unknown > kMaxWarnings) continue;
    const std::string near = nearest_name(key, known);
    reader.warn("unknown key " + in_quotes(key) +
                (near.empty() ? "" : " (did you mean " + near + "?)") + " is ignored");
  }
  if (unknown > kMaxWarnings)
    reader.warn(std::to_string(unknown - kMaxWarnings) + " more unknown keys are ignored");
}

// Speech models keep their text encoder's config in a block "plbert", and the number of its words
// beside it as n_token; the rest is theirs.
json without_nesting(json object) {
  const auto block = object.find("plbert");
  if (block == object.end() || !block->is_object() || object.contains("hidden_size")) return object;
  json own = *block;
  if (object.contains("n_token") && !own.contains("vocab_size"))
    own["vocab_size"] = object["n_token"];
  return own;
}

}  // namespace

AlbertConfig AlbertConfig::from_json(const std::string& name, const std::string& text,
                                     std::vector<std::string>* warnings) {
  json object = parse_json(name, text);
  if (!object.is_object())
    fail(ErrorCode::kBadData, name, ": found ", describe(object), ", wanted an object");
  ConfigReader reader(name, without_nesting(std::move(object)), warnings);
  AlbertConfig config;
  read_fields(reader, config);
  read_labels(reader, config);
  read_problem_type(reader, config);
  const json rest = reader.rest();
  refuse(name, rest);
  warn_unknown(reader, rest);
  config.other_keys = rest.dump();
  config.validate(name);
  return config;
}

std::string AlbertConfig::to_json() const {
  json j = json::parse(other_keys);
  const auto optional = [](const auto& value) { return value ? json(*value) : json(); };
  j["model_type"] = "albert";
  j["vocab_size"] = vocab_size;
  j["embedding_size"] = embedding_size;
  j["hidden_size"] = hidden_size;
  j["num_hidden_layers"] = num_hidden_layers;
  j["num_hidden_groups"] = num_hidden_groups;
  j["num_attention_heads"] = num_attention_heads;
  j["intermediate_size"] = intermediate_size;
  j["inner_group_num"] = inner_group_num;
  j["hidden_act"] = hidden_act;
  j["hidden_dropout_prob"] = hidden_dropout_prob;
  j["attention_probs_dropout_prob"] = attention_probs_dropout_prob;
  j["max_position_embeddings"] = max_position_embeddings;
  j["type_vocab_size"] = type_vocab_size;
  j["initializer_range"] = initializer_range;
  j["layer_norm_eps"] = layer_norm_eps;
  j["classifier_dropout_prob"] = optional(classifier_dropout_prob);
  j["pad_token_id"] = optional(pad_token_id);
  j["bos_token_id"] = optional(bos_token_id);
  j["eos_token_id"] = optional(eos_token_id);
  j["tie_word_embeddings"] = tie_word_embeddings;
  if (output_hidden_states) j["output_hidden_states"] = true;
  if (output_attentions) j["output_attentions"] = true;
  if (!problem_type.empty()) j["problem_type"] = problem_type;
  if (!architectures.empty()) j["architectures"] = architectures;
  json names = json::object(), ids = json::object();
  for (const auto& [id, label] : id2label) names[std::to_string(id)] = label, ids[label] = id;
  j["id2label"] = names;
  j["label2id"] = ids;
  try {
    return j.dump(2) + "\n";
  } catch (const json::exception&) {
    fail(ErrorCode::kBadData, "config: the name of a label or architecture is not valid UTF-8");
  }
}

}  // namespace albert
