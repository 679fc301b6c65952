// config.json in and out. Every key is read, refused by name, or reported.
#include <algorithm>
#include <set>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/nearest.h"
#include "albert/base/printable.h"
#include "albert/engine/model/config.h"
#include "albert/engine/model/config_keys.h"

namespace albert {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxFile = 16 << 20;
constexpr size_t kMaxWarnings = 20;  // of unknown keys, one line each

// Takes keys out of the object one by one, each with the type it must have.
class KeyReader {
 public:
  KeyReader(const std::string& name, json object) : name_(name), object_(std::move(object)) {}

  void read(const char* key, int64_t& value) {
    if (const json* v = find(key)) value = integer(key, *v);
  }
  void read(const char* key, double& value) {
    if (const json* v = find(key)) value = number(key, *v);
  }
  void read(const char* key, bool& value) {
    const json* v = find(key);
    if (!v) return;
    if (!v->is_boolean()) wrong_type(key, *v, "true or false");
    value = v->get<bool>();
  }
  void read(const char* key, std::string& value) {
    const json* v = find(key);
    if (!v) return;
    if (!v->is_string()) wrong_type(key, *v, "a string");
    value = v->get<std::string>();
  }
  // null is a value here: none
  void read(const char* key, std::optional<int64_t>& value) {
    if (const json* v = find(key))
      value = v->is_null() ? std::nullopt : std::optional(integer(key, *v));
  }
  void read(const char* key, std::optional<double>& value) {
    if (const json* v = find(key))
      value = v->is_null() ? std::nullopt : std::optional(number(key, *v));
  }
  void read(const char* key, std::vector<std::string>& value) {
    const json* v = find(key);
    if (!v || v->is_null()) return;
    if (!v->is_array()) wrong_type(key, *v, "a list of strings");
    value.clear();
    for (const json& item : *v) {
      if (!item.is_string()) wrong_type(key, item, "a list of strings");
      value.push_back(item.get<std::string>());
    }
  }
  const json* find(const char* key) {
    taken_.insert(key);
    const auto at = object_.find(key);
    return at == object_.end() ? nullptr : &*at;
  }
  [[noreturn]] void wrong_type(const std::string& key, const json& found,
                               const char* wanted) const {
    fail(ErrorCode::kBadData, name_, ": ", key, ": found ", describe(found), ", wanted ", wanted);
  }
  // What nobody took.
  json rest() const {
    json left = json::object();
    for (const auto& [key, value] : object_.items())
      if (!taken_.count(key)) left[key] = value;
    return left;
  }
  const std::set<std::string>& taken() const { return taken_; }

 private:
  int64_t integer(const char* key, const json& v) const {
    if (!v.is_number_integer() || (v.is_number_unsigned() && v.get<uint64_t>() > INT64_MAX))
      wrong_type(key, v, "an integer");
    return v.get<int64_t>();
  }
  double number(const char* key, const json& v) const {
    if (!v.is_number()) wrong_type(key, v, "a number");
    return v.get<double>();
  }

  const std::string& name_;
  json object_;
  std::set<std::string> taken_;
};

// {"0": "NEGATIVE", ..} with every number from 0 once.
std::map<int64_t, std::string> read_id2label(KeyReader& reader, const std::string& name,
                                             const json& labels) {
  if (!labels.is_object() || labels.empty())
    reader.wrong_type("id2label", labels, "an object of label names by number");
  std::map<int64_t, std::string> result;
  for (const auto& [id, label] : labels.items()) {
    const bool digits =
        !id.empty() && id.size() < 9 &&
        std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits)
      fail(ErrorCode::kBadData, name, ": id2label: key ", in_quotes(id), " is not a number");
    if (!label.is_string()) reader.wrong_type("id2label[" + id + "]", label, "a string");
    result[std::stoll(id)] = label.get<std::string>();
  }
  if (result.size() != labels.size() ||
      result.rbegin()->first + 1 != static_cast<int64_t>(result.size()))
    fail(ErrorCode::kBadData, name, ": id2label must number its ", labels.size(),
         " labels from 0 without gaps");
  return result;
}

// The inverse of id2label, and written back from it: only checked.
void check_label2id(KeyReader& reader, const std::string& name, const AlbertConfig& config,
                    std::vector<std::string>* warnings) {
  const json* given = reader.find("label2id");
  if (!given || given->is_null()) return;
  if (!given->is_object())
    reader.wrong_type("label2id", *given, "an object of numbers by label name");
  std::set<std::string> labels;
  bool same = true;
  for (const auto& [id, label] : config.id2label) {
    labels.insert(label);
    const auto at = given->find(label);
    same = same && at != given->end() && at->is_number_integer() &&
           config.id2label.contains(at->get<int64_t>()) &&
           config.id2label.at(at->get<int64_t>()) == label;
  }
  if (warnings && !(same && labels.size() == given->size()))
    warnings->push_back(name + ": label2id is ignored: it is not the inverse of id2label");
}

void read_labels(KeyReader& reader, const std::string& name, AlbertConfig& config,
                 std::vector<std::string>* warnings) {
  int64_t num_labels = config.num_labels();
  reader.read("num_labels", num_labels);
  if (num_labels < 1 || num_labels > 1'000'000)
    fail(ErrorCode::kMismatch, name, ": num_labels is ", num_labels,
         ", it must be between 1 and 1000000");
  const json* id2label = reader.find("id2label");
  if (id2label && !id2label->is_null()) {
    config.id2label = read_id2label(reader, name, *id2label);
    const json* given = reader.find("num_labels");
    if (given && num_labels != config.num_labels() && warnings)
      warnings->push_back(name + ": num_labels " + std::to_string(num_labels) +
                          " is ignored: id2label names " + std::to_string(config.num_labels()));
    return;
  }
  config.id2label.clear();
  for (int64_t i = 0; i < num_labels; ++i) config.id2label[i] = "LABEL_" + std::to_string(i);
}

void read_problem_type(KeyReader& reader, const std::string& name, AlbertConfig& config) {
  const json* v = reader.find("problem_type");
  if (!v || v->is_null()) return;
  reader.read("problem_type", config.problem_type);
  for (const char* known :
       {"regression", "single_label_classification", "multi_label_classification"})
    if (config.problem_type == known) return;
  fail(ErrorCode::kMismatch, name, ": problem_type is ", in_quotes(config.problem_type),
       ", it must be regression, single_label_classification or multi_label_classification");
}

void read_fields(KeyReader& r, AlbertConfig& c) {
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
  r.read("bos_token_id", c.bos_token_id);
  r.read("eos_token_id", c.eos_token_id);
  r.read("tie_word_embeddings", c.tie_word_embeddings);
  r.read("output_hidden_states", c.output_hidden_states);
  r.read("output_attentions", c.output_attentions);
  r.read("architectures", c.architectures);
}

void refuse(const std::string& name, const json& rest) {
  for (const RefusedKey& key : refused_keys()) {
    const auto at = rest.find(key.name);
    if (at == rest.end() || at->is_null()) continue;
    const auto& harmless = key.harmless_values;
    if (std::find(harmless.begin(), harmless.end(), at->dump()) == harmless.end())
      fail(ErrorCode::kMismatch, name, ": ", key.name, " is ", printable(at->dump()), ": ",
           key.why);
  }
  const auto type = rest.find("model_type");
  if (type != rest.end() && *type != "albert")
    fail(ErrorCode::kMismatch, name, ": model_type is ", printable(type->dump()),
         ", this engine runs \"albert\"");
}

void warn_unknown(const std::string& name, const json& rest, const std::set<std::string>& fields,
                  std::vector<std::string>* warnings) {
  if (!warnings) return;
  std::vector<std::string> known = harmless_keys();
  for (const RefusedKey& key : refused_keys()) known.push_back(key.name);
  known.insert(known.end(), fields.begin(), fields.end());
  size_t unknown = 0;
  for (const auto& [key, value] : rest.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (++unknown > kMaxWarnings) continue;
    const std::string near = nearest_name(key, known);
    warnings->push_back(name + ": unknown key " + in_quotes(key) +
                        (near.empty() ? "" : " (did you mean " + near + "?)") + " is ignored");
  }
  if (unknown > kMaxWarnings)
    warnings->push_back(name + ": " + std::to_string(unknown - kMaxWarnings) +
                        " more unknown keys are ignored");
}

}  // namespace

AlbertConfig AlbertConfig::from_json(const std::string& name, const std::string& text,
                                     std::vector<std::string>* warnings) {
  const json object = parse_json(name, text);
  if (!object.is_object())
    fail(ErrorCode::kBadData, name, ": found ", describe(object), ", wanted an object");
  KeyReader reader(name, object);
  AlbertConfig config;
  read_fields(reader, config);
  read_labels(reader, name, config, warnings);
  check_label2id(reader, name, config, warnings);
  read_problem_type(reader, name, config);
  const json rest = reader.rest();
  refuse(name, rest);
  warn_unknown(name, rest, reader.taken(), warnings);
  config.other_keys = rest.dump();
  try {
    config.validate();
  } catch (const Error& e) {
    fail(e.code(), name, ": ", e.what());
  }
  return config;
}

AlbertConfig AlbertConfig::from_file(const std::filesystem::path& path,
                                     std::vector<std::string>* warnings) {
  AlbertConfig config = from_json(path.string(), read_text_file(path, kMaxFile), warnings);
  // Google's "gelu" is the tanh form, and its files know no other name for it (albert.md 1.3).
  if (path.filename() == "albert_config.json" && config.hidden_act == "gelu")
    config.hidden_act = "gelu_new";
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
