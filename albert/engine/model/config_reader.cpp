#include "albert/engine/model/config_reader.h"

#include <cmath>

namespace albert {

using nlohmann::json;

void ConfigReader::read(const char* key, int64_t& value) {
  if (const json* v = find(key)) value = integer(key, *v);
}

void ConfigReader::read(const char* key, double& value) {
  if (const json* v = find(key)) value = number(key, *v);
}

void ConfigReader::read(const char* key, bool& value) {
  const json* v = find(key);
  if (!v) return;
  if (!v->is_boolean()) wrong_type(key, *v, "true or false");
  value = v->get<bool>();
}

void ConfigReader::read(const char* key, std::string& value) {
  const json* v = find(key);
  if (!v) return;
  if (!v->is_string()) wrong_type(key, *v, "a string");
  value = v->get<std::string>();
}

void ConfigReader::read(const char* key, std::optional<int64_t>& value) {
  if (const json* v = find(key))
    value = v->is_null() ? std::nullopt : std::optional(integer(key, *v));
}

void ConfigReader::read(const char* key, std::optional<double>& value) {
  if (const json* v = find(key))
    value = v->is_null() ? std::nullopt : std::optional(number(key, *v));
}

void ConfigReader::read(const char* key, std::vector<std::string>& value) {
  const json* v = find(key);
  if (!v || v->is_null()) return;
  if (!v->is_array()) wrong_type(key, *v, "a list of strings");
  value.clear();
  for (const json& item : *v) {
    if (!item.is_string()) wrong_type(key, item, "a list of strings");
    value.push_back(item.get<std::string>());
  }
}

void ConfigReader::read_id(const char* key, std::optional<int64_t>& value) {
  const json* v = find(key);
  if (!v || !v->is_array()) return read(key, value);
  if (v->empty()) wrong_type(key, *v, "an integer, null or a list of integers");
  value = integer(key, v->front());
  if (v->size() > 1)
    warn(std::string(key) + ": the first of " + std::to_string(v->size()) + " ids counts");
}

const json* ConfigReader::find(const char* key) {
  taken_.insert(key);
  const auto at = object_.find(key);
  return at == object_.end() ? nullptr : &*at;
}

json ConfigReader::rest() const {
  json left = json::object();
  for (const auto& [key, value] : object_.items())
    if (!taken_.contains(key)) left[key] = value;
  return left;
}

void ConfigReader::wrong_type(const std::string& key, const json& found, const char* wanted) const {
  fail(ErrorCode::kBadData, file_, ": ", key, ": found ", describe(found), ", wanted ", wanted);
}

int64_t ConfigReader::integer(const char* key, const json& value) const {
  constexpr double kExact = 0x1p53;  // doubles hold every integer up to here
  if (value.is_number_float()) {
    const double given = value.get<double>();
    if (std::trunc(given) == given && std::abs(given) <= kExact) return static_cast<int64_t>(given);
  }
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX))
    wrong_type(key, value, "an integer");
  return value.get<int64_t>();
}

double ConfigReader::number(const char* key, const json& value) const {
  if (!value.is_number()) wrong_type(key, value, "a number");
  return value.get<double>();
}

}  // namespace albert
