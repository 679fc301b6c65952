#pragma once
// JSON from untrusted files. This header is not installed: only .cpp files include it.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "albert/base/error.h"

namespace albert {

struct JsonLimits {
  size_t max_depth = 64;
  size_t max_values = 4'000'000;  // a parsed value takes up to some 30 times its text in memory
};

// Strict RFC 8259 in valid UTF-8: no comments, no NaN, nothing behind the value, no key twice in
// one object. A byte order mark before it is skipped. Error(kBadData) "name:3:7: what", the line
// and the column.
nlohmann::json parse_json(const std::string& name, std::string_view text,
                          const JsonLimits& limits = {});
// The same parser, but objects keep the order of their keys.
nlohmann::ordered_json parse_ordered_json(const std::string& name, std::string_view text,
                                          const JsonLimits& limits = {});
// One line of a JSONL file. Error(kBadData) "name:12:7: what".
nlohmann::json parse_json_line(const std::string& name, int64_t line, std::string_view text);

// What was found, for "found F, wanted W": "the string \"x\"", "the number 7", "an object", ..
std::string describe(const nlohmann::json& value);

// A value of a parsed document and the place where it stands. What is wrong with it is told as
// Error(kBadData) "place: found F, wanted W", where place is "tokenizer.json: model.vocab[3]".
// The document must outlive its views.
class JsonView {
 public:
  JsonView(std::string name, const nlohmann::json& document)
      : place_(std::move(name)), value_(&document) {}

  const nlohmann::json& raw() const { return *value_; }
  const std::string& place() const { return place_; }

  // A member of this object; at() refuses one that is missing, find() gives nothing for one that
  // is missing or null.
  JsonView at(const std::string& key) const;
  std::optional<JsonView> find(const std::string& key) const;
  // An item of this list.
  JsonView item(size_t index) const;
  size_t size() const;  // of this list

  const JsonView& object() const;
  const std::string& string() const;
  bool boolean() const;
  int64_t integer() const;
  double number() const;

  // The value under `key`, or `otherwise` where it is missing or null.
  std::string string_or(const std::string& key, std::string otherwise) const;
  bool boolean_or(const std::string& key, bool otherwise) const;
  int64_t integer_or(const std::string& key, int64_t otherwise) const;
  double number_or(const std::string& key, double otherwise) const;

  [[noreturn]] void fail_wanted(std::string_view wanted) const;
  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail(ErrorCode::kBadData, place_, ": ", parts...);
  }

 private:
  JsonView(std::string place, bool nested, const nlohmann::json& value)
      : place_(std::move(place)), nested_(nested), value_(&value) {}

  std::string place_;
  bool nested_ = false;  // whether the place names more than the file
  const nlohmann::json* value_;
};

}  // namespace albert
