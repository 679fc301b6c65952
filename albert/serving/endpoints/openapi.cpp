#include <nlohmann/json.hpp>

#include "albert/serving/endpoints/common.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

struct Problem {
  const char *status, *about;
};
constexpr Problem kProblems[] = {
    {"400", "The body is no JSON, or has no text."},
    {"401", "The API key is missing or wrong."},
    {"413", "The body is too large, or there are too many or too long texts."},
    {"415", "The body is not application/json."},
    {"422", "A key or a value is not what the endpoint takes."},
    {"424", "The model failed."},
    {"429", "Too much waits; try again after Retry-After seconds."},
    {"503", "The server is shutting down."},
    {"504", "The request was not computed before its deadline."}};

ordered_json content(const std::string& type, ordered_json schema, const std::string& example) {
  ordered_json media{{"schema", std::move(schema)}};
  if (type == "application/json") media["example"] = ordered_json::parse(example);
  return {{type, std::move(media)}};
}

ordered_json operation_of(const Endpoint& endpoint) {
  ordered_json operation{{"summary", endpoint.summary}};
  if (endpoint.method == "POST")
    operation["requestBody"] = {
        {"required", true},
        {"content", content("application/json",
                            {{"type", "object"},
                             {"properties", ordered_json::parse(endpoint.properties)},
                             {"required", ordered_json::parse(endpoint.required)},
                             {"additionalProperties", false}},
                            endpoint.example)}};
  const std::string type = endpoint.content_type.substr(0, endpoint.content_type.find(';'));
  ordered_json responses{{"200",
                          {{"description", "The answer."},
                           {"content", content(type, ordered_json::object(), endpoint.answers)}}}};
  const ordered_json error{{"$ref", "#/components/schemas/Error"}};
  for (const Problem& problem : kProblems) {
    const bool always = std::string(problem.status) == "401" || endpoint.method == "POST";
    if (!always || (endpoint.open && std::string(problem.status) == "401")) continue;
    responses[problem.status] = {{"description", problem.about},
                                 {"content", {{"application/json", {{"schema", error}}}}}};
  }
  operation["responses"] = std::move(responses);
  operation["security"] = ordered_json::array();
  if (!endpoint.open) operation["security"].push_back({{"bearer", ordered_json::array()}});
  return operation;
}

ordered_json components() {
  return ordered_json::parse(R"({
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    "schemas": {
      "Question": {"type": "object", "required": ["question", "context"],
        "properties": {"question": {"type": "string"}, "context": {"type": "string"}}},
      "Error": {"type": "object", "required": ["error", "error_type"],
        "properties": {"error": {"type": "string"}, "error_type": {"type": "string",
        "enum": ["Unhealthy", "Backend", "Overloaded", "Validation", "Tokenizer", "Empty"]}}}}})");
}

}  // namespace

Endpoint openapi_endpoint(const std::vector<Endpoint>& all, const std::string& served_model) {
  Endpoint e{"GET", "/openapi.json", "This description."};
  ordered_json paths = ordered_json::object();
  std::vector<Endpoint> described = all;
  described.push_back(e);
  for (const Endpoint& endpoint : described)
    paths[endpoint.path][endpoint.method == "GET" ? "get" : "post"] = operation_of(endpoint);
  const std::string text =
      ordered_json(
          {{"openapi", "3.1.0"},
           {"info", {{"title", "albert serve: " + served_model}, {"version", ALBERT_VERSION}}},
           {"paths", std::move(paths)},
           {"components", components()}})
          .dump();
  e.answer = [text](const Call&) { return text; };
  return e;
}

}  // namespace albert::serving
