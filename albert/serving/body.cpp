#include "albert/serving/body.h"

#include <algorithm>
#include <charconv>

#include "albert/base/printable.h"
#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

// A body of 2 MB may not become 60 MB of values.
constexpr JsonLimits kLimits{.max_depth = 16, .max_values = 200'000};

nlohmann::json parsed(std::string_view text) {
  try {
    return parse_json("body", text, kLimits);
  } catch (const Error& e) {
    throw HttpError(400, "Validation", e.what());
  }
}

std::vector<std::string> keys_of(const std::string& properties) {
  std::vector<std::string> keys;
  const auto schemas = nlohmann::ordered_json::parse(properties);
  for (const auto& [key, schema] : schemas.items()) keys.push_back(key);
  return keys;
}

// A list of one or two texts.
TextPair pair_of(const JsonView& value) {
  if (value.size() < 1 || value.size() > 2) value.fail_wanted("[text] or [text, pair]");
  TextPair pair{value.item(0).string()};
  if (value.size() == 2) pair.pair = value.item(1).string();
  return pair;
}

}  // namespace

Body::Body(const Endpoint& endpoint, std::string_view text) : document_(parsed(text)) {
  check_keys(all(), keys_of(endpoint.properties));
}

void check_keys(const JsonView& object, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.object().raw().items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      object.fail_here("found the key ", in_quotes(key), ", wanted ", one_of(known));
}

void check_count(size_t count, int64_t most) {
  if (count == 0) throw HttpError(400, "Empty", "the request has no text");
  if (static_cast<int64_t>(count) > most)
    throw HttpError(
        413, "Validation",
        "found " + std::to_string(count) + " texts, wanted at most " + std::to_string(most));
}

std::vector<std::string> texts_of(const JsonView& value, int64_t most, bool* is_list) {
  if (is_list) *is_list = value.raw().is_array();
  if (value.raw().is_string()) return {value.string()};
  if (!value.raw().is_array()) value.fail_wanted("a string or a list of strings");
  check_count(value.size(), most);
  std::vector<std::string> texts;
  for (size_t i = 0; i < value.size(); ++i) texts.push_back(value.item(i).string());
  return texts;
}

std::vector<TextPair> pairs_of(const JsonView& value, int64_t most, bool* is_list) {
  *is_list = false;
  if (value.raw().is_string()) return {{value.string()}};
  if (!value.raw().is_array()) value.fail_wanted("a string, [text, pair], or a list of such lists");
  if (value.size() == 0) check_count(0, most);
  if (value.item(0).raw().is_string()) {
    if (value.size() > 2)
      value.fail_here("found ", value.size(),
                      " strings, wanted [text, pair]; a batch is a list of lists, [[text], ..]");
    return {pair_of(value)};
  }
  *is_list = true;
  check_count(value.size(), most);
  std::vector<TextPair> pairs;
  for (size_t i = 0; i < value.size(); ++i) pairs.push_back(pair_of(value.item(i)));
  return pairs;
}

TokenIds encoded(const TextEncoder& encoder, const TextPair& text, bool truncate) {
  TokenIds ids = encoder.encode(text);
  if (ids.truncated && !truncate) throw too_long(encoder.max_seq_length());
  return ids;
}

HttpError too_long(int64_t most_tokens) {
  return {413, "Validation",
          "a text has more than " + std::to_string(most_tokens) +
              " tokens; send \"truncate\": true to cut it"};
}

bool truncates(const Body& body, const ServerOptions& options) {
  return body.boolean_or("truncate", options.auto_truncate);
}

std::string json_text(std::span<const float> values) {
  std::string text = "[";
  for (const float value : values) {
    char digits[32];
    if (text.size() > 1) text += ',';
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  return text + "]";
}

nlohmann::json as_json(std::span<const float> values) {
  return nlohmann::json::parse(json_text(values));
}

}  // namespace albert::serving
