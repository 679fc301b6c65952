// The names of labels in config.json: id2label, label2id and num_labels.
#include <algorithm>

#include "albert/base/printable.h"
#include "albert/engine/model/config_reader.h"

namespace albert {
namespace {

using nlohmann::json;

constexpr int64_t kMaxLabels = 1'000'000;

std::string default_name(int64_t id) { return "LABEL_" + std::to_string(id); }

// The number that a key of id2label stands for.
int64_t read_id(const ConfigReader& reader, const std::string& key) {
  const bool digits =
      !key.empty() && key.size() < 9 &&
      std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits)
    fail(ErrorCode::kBadData, reader.file(), ": id2label: found the key ", in_quotes(key),
         ", wanted a number");
  return std::stoll(key);
}

// transformers keeps names of any type. Numbers, true and false are named by their JSON text, as it
// prints them; null names nothing, and such a label has transformers' name for unnamed ones.
std::string read_name(const ConfigReader& reader, int64_t id, const json& name) {
  if (name.is_string()) return name.get<std::string>();
  if (name.is_number() || name.is_boolean()) return name.dump();
  if (!name.is_null())
    reader.wrong_type("id2label[" + std::to_string(id) + "]", name, "a string or a number");
  reader.warn("id2label[" + std::to_string(id) + "] is null; the label is called " +
              default_name(id));
  return default_name(id);
}

// {"0": "NEGATIVE", ..} with every number from 0 once.
std::map<int64_t, std::string> read_id2label(const ConfigReader& reader, const json& labels) {
  if (!labels.is_object() || labels.empty())
    reader.wrong_type("id2label", labels, "an object of label names by number");
  std::map<int64_t, std::string> result;
  for (const auto& [key, name] : labels.items()) {
    const int64_t id = read_id(reader, key);
    if (!result.emplace(id, read_name(reader, id, name)).second)
      fail(ErrorCode::kBadData, reader.file(), ": id2label: found ", id,
           " twice, wanted every number once");
  }
  const auto count = static_cast<int64_t>(result.size());
  for (int64_t id = 0; id < count; ++id)
    if (!result.contains(id))
      fail(ErrorCode::kBadData, reader.file(), ": id2label: found ", count, " labels but no ", id,
           ", wanted the numbers 0 to ", count - 1);
  return result;
}

// label2id is written back as the inverse of id2label; here it is only compared with it. null
// names, which Python writes as the key "null", are no difference.
bool is_inverse(const json& label2id, const std::map<int64_t, std::string>& id2label) {
  std::set<std::string> names;
  for (const auto& [id, name] : id2label) {
    auto at = label2id.find(name);
    if (at == label2id.end() && name == default_name(id)) at = label2id.find("null");
    if (at == label2id.end()) return false;
    if (!at->is_number_integer()) return false;
    const auto named = id2label.find(at->get<int64_t>());
    if (named == id2label.end() || named->second != name) return false;
    names.insert(at.key());
  }
  return names.size() == label2id.size();
}

void check_label2id(ConfigReader& reader, const AlbertConfig& config) {
  const json* given = reader.find("label2id");
  if (!given || given->is_null()) return;
  if (!given->is_object())
    reader.wrong_type("label2id", *given, "an object of numbers by label name");
  if (!is_inverse(*given, config.id2label))
    reader.warn("label2id is ignored: it is not the inverse of id2label");
}

}  // namespace

void read_labels(ConfigReader& reader, AlbertConfig& config) {
  int64_t num_labels = config.num_labels();
  reader.read("num_labels", num_labels);
  if (num_labels < 1 || num_labels > kMaxLabels)
    fail(ErrorCode::kMismatch, reader.file(), ": num_labels: found ", num_labels, ", wanted 1 to ",
         kMaxLabels);
  const json* id2label = reader.find("id2label");
  if (id2label && !id2label->is_null()) {
    config.id2label = read_id2label(reader, *id2label);
    if (reader.find("num_labels") && num_labels != config.num_labels())
      reader.warn("num_labels " + std::to_string(num_labels) + " is ignored: id2label names " +
                  std::to_string(config.num_labels()));
  } else {
    config.id2label.clear();
    for (int64_t i = 0; i < num_labels; ++i) config.id2label[i] = default_name(i);
  }
  check_label2id(reader, config);
}

}  // namespace albert
