#pragma once
// Bodies of requests. This header is not installed: only .cpp files include it.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/base/json.h"
#include "albert/inference/text_encoder.h"
#include "albert/serving/endpoint.h"
#include "albert/serving/http_error.h"
#include "albert/serving/options.h"

namespace albert::serving {

// A JSON object with the keys that its endpoint has. HttpError 400 "body: line 1 column 5: .." for
// what is no JSON; Error(kBadData) for another key, and for what JsonView finds.
class Body {
 public:
  Body(const Endpoint& endpoint, std::string_view text);

  JsonView all() const { return {"body", document_}; }
  JsonView at(const std::string& key) const { return all().at(key); }
  std::optional<JsonView> find(const std::string& key) const { return all().find(key); }
  bool boolean_or(const std::string& key, bool otherwise) const {
    return all().boolean_or(key, otherwise);
  }
  bool has(const std::string& key) const { return find(key).has_value(); }

 private:
  nlohmann::json document_;
};

// A string, or a list of them. `is_list` says which it was. HttpError 413 for more than `most`, 400
// for none.
std::vector<std::string> texts_of(const JsonView& value, int64_t most, bool* is_list = nullptr);
// "text", ["text"], ["text", "pair"], or a list of such lists, as text-embeddings-inference has it.
std::vector<TextPair> pairs_of(const JsonView& value, int64_t most, bool* is_list);
void check_count(size_t count, int64_t most);
// Error(kBadData) for a key that is none of these.
void check_keys(const JsonView& object, const std::vector<std::string>& known);

// HttpError 413 where the text is longer than the model takes and may not be cut.
TokenIds encoded(const TextEncoder& encoder, const TextPair& text, bool truncate);
HttpError too_long(int64_t most_tokens);
// "truncate" of the body, or what the server was told.
bool truncates(const Body& body, const ServerOptions& options);

// A list with the shortest decimal digits that give the same f32 back.
std::string json_text(std::span<const float> values);
nlohmann::json as_json(std::span<const float> values);

// Schemas that several endpoints share, as members of an object.
inline constexpr const char* kTruncateProperty =
    R"("truncate": {"type": "boolean", "default": false, "description":
       "Cut texts that are longer than the model takes; otherwise they are refused."})";
inline constexpr const char* kInputsProperty =
    R"("inputs": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
       "description": "A text, or several."})";

}  // namespace albert::serving
