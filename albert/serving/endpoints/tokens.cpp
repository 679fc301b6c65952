// Endpoints of every model's tokenizer: /tokenize and /decode.
#include "albert/serving/endpoints/common.h"

#include "albert/serving/body.h"
#include "albert/tokenizer/utf8.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

ordered_json tokens_of(const Tokenizer& tokenizer, const std::string& text, bool special) {
  const Encoding encoding = tokenizer.encode(text, {.add_special_tokens = special});
  ordered_json tokens = ordered_json::array();
  for (size_t i = 0; i < encoding.input_ids.size(); ++i) {
    const bool is_special = encoding.special_tokens_mask[i] != 0;
    const auto [begin, end] = encoding.offset_mapping[i];
    tokens.push_back({{"id", encoding.input_ids[i]},
                      {"text", encoding.tokens[i]},
                      {"special", is_special},
                      {"start", is_special ? ordered_json() : ordered_json(begin)},
                      {"stop", is_special ? ordered_json() : ordered_json(end)}});
  }
  return tokens;
}

std::vector<int32_t> ids_of(const JsonView& value, int64_t vocab_size) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < value.size(); ++i) {
    const int64_t id = value.item(i).integer();
    if (id < 0 || id >= vocab_size)
      value.item(i).fail_wanted("an id below " + std::to_string(vocab_size));
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

std::string decode(const Tokenizer& tokenizer, const Body& body, int64_t most) {
  const JsonView ids = body.at("ids");
  const bool skip = body.boolean_or("skip_special_tokens", true);
  ordered_json texts = ordered_json::array();
  const bool is_batch = ids.size() > 0 && ids.item(0).raw().is_array();
  if (!is_batch) {
    texts.push_back(tokenizer.decode(ids_of(ids, tokenizer.vocab_size()), skip));
    return texts.dump();
  }
  check_count(ids.size(), most);
  for (size_t i = 0; i < ids.size(); ++i)
    texts.push_back(tokenizer.decode(ids_of(ids.item(i), tokenizer.vocab_size()), skip));
  return texts.dump();
}

}  // namespace

Endpoint tokenize_endpoint(const Tokenizer& tokenizer, const ServerOptions& options) {
  Endpoint e{"POST", "/tokenize", "Texts to pieces and ids."};
  e.properties = std::string("{") + kInputsProperty +
                 R"(, "add_special_tokens": {"type": "boolean", "default": true}})";
  e.required = R"(["inputs"])";
  e.example = R"({"inputs": "a film"})";
  e.answers = R"([[{"id": 2, "text": "[CLS]", "special": true, "start": null, "stop": null},
      {"id": 21, "text": "▁a", "special": false, "start": 0, "stop": 1}]])";
  e.answer = [&tokenizer, most = options.max_client_batch_size, e](const Call& call) {
    const Body body(e, call.body);
    const bool special = body.boolean_or("add_special_tokens", true);
    ordered_json all = ordered_json::array();
    for (const std::string& text : texts_of(body.at("inputs"), most))
      all.push_back(tokens_of(tokenizer, text, special));
    return all.dump();
  };
  return e;
}

Endpoint decode_endpoint(const Tokenizer& tokenizer, const ServerOptions& options) {
  Endpoint e{"POST", "/decode", "Ids back to text."};
  e.properties = R"({"ids": {"description": "Ids of a text, or lists of them.", "type": "array",
      "items": {"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}},
      "skip_special_tokens": {"type": "boolean", "default": true}})";
  e.required = R"(["ids"])";
  e.example = R"({"ids": [2, 21, 3]})";
  e.answers = R"(["a"])";
  e.answer = [&tokenizer, most = options.max_client_batch_size, e](const Call& call) {
    return decode(tokenizer, Body(e, call.body), most);
  };
  return e;
}

}  // namespace albert::serving
