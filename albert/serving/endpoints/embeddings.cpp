// Vectors of texts: /embed, /similarity and /v1/embeddings; words for masks: /fill-mask.
#include <algorithm>
#include <cmath>
#include <map>
#include <variant>

#include "albert/base/printable.h"
#include "albert/inference/mask_filler.h"
#include "albert/inference/text_embedder.h"
#include "albert/serving/base64.h"
#include "albert/serving/batcher.h"
#include "albert/serving/body.h"
#include "albert/serving/http_error.h"
#include "albert/serving/served_model.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;
using Vector = std::vector<float>;

constexpr int64_t kMostWords = 100;

struct MaskInput {
  TokenIds ids;
  std::vector<int32_t> targets;
};
using Candidates = std::vector<MaskFiller::Candidates>;  // of each mask
using Input = std::variant<EmbedderInput, MaskInput>;
using Output = std::variant<Vector, Candidates>;

double length_of(const Vector& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

void normalize(Vector& v) {
  const double length = std::max(length_of(v), 1e-12);
  for (float& x : v) x = static_cast<float>(static_cast<double>(x) / length);
}

double cosine(const Vector& a, const Vector& b) {
  double dot = 0;
  for (size_t i = 0; i < a.size(); ++i)
    dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return dot / std::max(length_of(a) * length_of(b), 1e-12);
}

const std::string kDirection =
    R"("truncation_direction": {"type": "string", "enum": ["Right", "right"]})";

void check_direction(const JsonView& parent) {
  const auto direction = parent.find("truncation_direction");
  if (direction && direction->string() != "Right" && direction->string() != "right")
    direction->fail_wanted("Right: texts are cut at their end");
}

// How the vectors of one request are made.
struct EmbedWishes {
  bool truncate = false, normalize = true;
  std::optional<int64_t> dimensions = {};
  std::optional<std::string> prompt_name = {};
};

class ServedEmbedder final : public ServedModel {
 public:
  ServedEmbedder(const ServedFolder& folder, bool has_mask_head)
      : options_(folder.options),
        embedder_(TextEmbedder::from_pretrained(
            folder.path, folder.model,
            {.normalize = false, .batch_tokens = folder.options.max_batch_tokens})),
        batcher_(
            {options_.max_batch_tokens, options_.max_queued_tokens},
            [this](std::span<const Input> inputs) { return compute(inputs); }, *folder.metrics) {
    if (has_mask_head)
      filler_.emplace(MaskFiller::from_pretrained(
          folder.path, folder.model, {.batch_tokens = folder.options.max_batch_tokens}));
  }

  std::vector<Endpoint> endpoints() override {
    std::vector<Endpoint> all{embed_endpoint(), similarity_endpoint(), openai_endpoint()};
    if (filler_) all.push_back(fill_mask_endpoint());
    return all;
  }
  std::string kind() const override {
    std::vector<std::string> pooling;
    for (const Pooling p : embedder_.modules().pooling) pooling.push_back(albert::name_of(p));
    ordered_json kinds{
        {"embedding", {{"pooling", joined(pooling, "+")}, {"dimension", embedder_.dimension()}}}};
    if (filler_) kinds["fill_mask"] = {{"mask_token", tokenizer().piece(tokenizer().mask_id())}};
    return kinds.dump();
  }
  const AlbertPreTrainedModel& model() const override { return embedder_.model(); }
  const Tokenizer& tokenizer() const override { return embedder_.encoder().tokenizer(); }
  int64_t max_input_length() const override { return embedder_.max_seq_length(); }
  std::vector<std::string> warnings() const override { return embedder_.warnings(); }

 private:
  Endpoint embed_endpoint() {
    Endpoint e{"POST", "/embed", "A vector for each text."};
    e.properties = std::string("{") + kInputsProperty + "," + kTruncateProperty + "," + kDirection +
                   R"(, "normalize": {"type": "boolean", "default": true},
        "prompt_name": {"type": "string", "description":
        "A prompt of the folder's config_sentence_transformers.json."},
        "dimensions": {"type": "integer", "minimum": 1,
        "description": "The first ones alone."}})";
    e.required = R"(["inputs"])";
    e.example = R"({"inputs": ["a gripping film", "a dull film"]})";
    e.answers = R"([[0.1, -0.2], [0.3, 0.1]])";
    e.answer = [this, e](const Call& call) { return embed(Body(e, call.body), call.ticket); };
    return e;
  }

  Endpoint similarity_endpoint() {
    Endpoint e{"POST", "/similarity", "The cosine of a text with each of several others."};
    e.properties = R"({"inputs": {"type": "object", "required": ["source_sentence", "sentences"],
        "properties": {"source_sentence": {"type": "string"},
        "sentences": {"type": "array", "items": {"type": "string"}}}},
        "parameters": {"type": "object", "properties": {)" +
                   std::string(kTruncateProperty) + "," + kDirection +
                   R"(, "prompt_name": {"type": "string"}}}})";
    e.required = R"(["inputs"])";
    e.example = R"({"inputs": {"source_sentence": "a gripping film",
        "sentences": ["an exciting movie", "a cup of tea"]}})";
    e.answers = "[0.83, 0.41]";
    e.answer = [this, e](const Call& call) { return similarity(Body(e, call.body), call.ticket); };
    return e;
  }

  Endpoint openai_endpoint() {
    Endpoint e{"POST", "/v1/embeddings", "A vector for each text, as OpenAI's clients ask."};
    e.properties = R"({"input": {"oneOf": [{"type": "string"},
        {"type": "array", "items": {"type": "string"}}]},
        "model": {"type": "string", "description": "Any: the server has one."},
        "user": {"type": "string"}, "dimensions": {"type": "integer", "minimum": 1},
        "encoding_format": {"type": "string", "enum": ["float", "base64"], "default": "float"}})";
    e.required = R"(["input"])";
    e.example = R"({"input": ["a gripping film"], "model": "albert"})";
    e.answers = R"({"object": "list", "data": [{"object": "embedding", "index": 0,
        "embedding": [0.1, -0.2]}], "model": "albert", "usage": {"prompt_tokens": 5,
        "total_tokens": 5}})";
    e.answer = [this, e](const Call& call) { return openai(Body(e, call.body), call.ticket); };
    return e;
  }

  Endpoint fill_mask_endpoint() {
    Endpoint e{"POST", "/fill-mask", "The likeliest words for each [MASK] of a text."};
    e.properties = std::string("{") + kInputsProperty +
                   R"(, "top_k": {"type": "integer", "minimum": 1, "maximum": 100, "default": 5},
        "targets": {"type": "array", "items": {"type": "string"},
        "description": "Only these words."}})";
    e.required = R"(["inputs"])";
    e.example = R"({"inputs": "the capital of france is [MASK].", "top_k": 3})";
    e.answers = R"([{"score": 0.7, "token": 714, "token_str": "paris",
        "sequence": "the capital of france is paris."}])";
    e.answer = [this, e](const Call& call) { return fill_mask(Body(e, call.body), call.ticket); };
    return e;
  }

  // The model's side of a batch: texts to embed, and texts with masks by what is wanted of them.
  std::vector<Output> compute(std::span<const Input> inputs) {
    std::vector<Output> outputs(inputs.size());
    std::vector<size_t> to_embed;
    std::map<std::vector<int32_t>, std::vector<size_t>> to_fill;  // by targets
    for (size_t i = 0; i < inputs.size(); ++i)
      if (const auto* mask = std::get_if<MaskInput>(&inputs[i]))
        to_fill[mask->targets].push_back(i);
      else
        to_embed.push_back(i);
    if (!to_embed.empty()) embed_batch(inputs, to_embed, outputs);
    for (const auto& [targets, which] : to_fill) {
      std::vector<TokenIds> texts;
      for (const size_t i : which) texts.push_back(std::get<MaskInput>(inputs[i]).ids);
      auto filled = filler_->fill(texts, kMostWords, targets);
      for (size_t n = 0; n < which.size(); ++n) outputs[which[n]] = std::move(filled[n]);
    }
    return outputs;
  }

  void embed_batch(std::span<const Input> inputs, const std::vector<size_t>& which,
                   std::vector<Output>& outputs) {
    std::vector<EmbedderInput> texts;
    for (const size_t i : which) texts.push_back(std::get<EmbedderInput>(inputs[i]));
    const HostTensor vectors = embedder_.embed(texts);
    for (size_t n = 0; n < which.size(); ++n) {
      const auto row = vectors.row<float>(static_cast<int64_t>(n));
      outputs[which[n]] = Vector(row.begin(), row.end());
    }
  }

  std::vector<Vector> vectors_of(const std::vector<std::string>& texts, const EmbedWishes& wishes,
                                 const Ticket& ticket, int64_t* all_tokens = nullptr) {
    std::vector<Input> inputs;
    std::vector<int64_t> tokens;
    std::optional<std::string_view> prompt;
    if (wishes.prompt_name) prompt = embedder_.prompt_named(*wishes.prompt_name);
    for (const std::string& text : texts) {
      EmbedderInput ids = embedder_.encode(text, prompt);
      check_cut(ids, wishes.truncate);
      tokens.push_back(static_cast<int64_t>(ids.input_ids.size()));
      if (all_tokens) *all_tokens += tokens.back();
      inputs.emplace_back(std::move(ids));
    }
    std::vector<Vector> vectors;
    for (Output& output : batcher_.run(std::move(inputs), std::move(tokens), ticket)) {
      Vector& v = std::get<Vector>(output);
      if (wishes.dimensions) v.resize(static_cast<size_t>(*wishes.dimensions));
      if (wishes.normalize) normalize(v);
      vectors.push_back(std::move(v));
    }
    return vectors;
  }

  void check_cut(const TokenIds& ids, bool truncate) const {
    if (ids.truncated && !truncate) throw too_long(embedder_.max_seq_length());
  }

  std::optional<int64_t> dimensions_of(const Body& body) const {
    const auto wanted = body.find("dimensions");
    if (!wanted) return {};
    if (wanted->integer() < 1 || wanted->integer() > embedder_.dimension())
      wanted->fail_wanted("1 to " + std::to_string(embedder_.dimension()));
    return wanted->integer();
  }

  static std::optional<std::string> prompt_of(const JsonView& parent) {
    const auto name = parent.find("prompt_name");
    return name ? std::optional(name->string()) : std::nullopt;
  }

  std::string embed(const Body& body, const Ticket& ticket) {
    check_direction(body.all());
    EmbedWishes wishes{truncates(body, options_), body.boolean_or("normalize", true),
                       dimensions_of(body), prompt_of(body.all())};
    std::string answer = "[";
    for (const Vector& v :
         vectors_of(texts_of(body.at("inputs"), options_.max_client_batch_size), wishes, ticket))
      answer += (answer.size() > 1 ? "," : "") + json_text(v);
    return answer + "]";
  }

  std::string similarity(const Body& body, const Ticket& ticket) {
    const JsonView inputs = body.at("inputs");
    check_keys(inputs, {"source_sentence", "sentences"});
    std::vector<std::string> texts =
        texts_of(inputs.at("sentences"), options_.max_client_batch_size);
    texts.push_back(inputs.at("source_sentence").string());
    EmbedWishes wishes{options_.auto_truncate, false};
    if (const auto parameters = body.find("parameters")) {
      check_keys(*parameters, {"truncate", "truncation_direction", "prompt_name"});
      check_direction(*parameters);
      wishes.truncate = parameters->boolean_or("truncate", options_.auto_truncate);
      wishes.prompt_name = prompt_of(*parameters);
    }
    const auto vectors = vectors_of(texts, wishes, ticket);
    ordered_json scores = ordered_json::array();
    for (size_t i = 0; i + 1 < vectors.size(); ++i)
      scores.push_back(cosine(vectors.back(), vectors[i]));
    return scores.dump();
  }

  std::string openai(const Body& body, const Ticket& ticket) {
    const std::string format = body.all().string_or("encoding_format", "float");
    if (format != "float" && format != "base64")
      body.at("encoding_format").fail_wanted("float or base64");
    const EmbedWishes wishes{options_.auto_truncate, true, dimensions_of(body)};
    int64_t tokens = 0;
    const auto vectors = vectors_of(texts_of(body.at("input"), options_.max_client_batch_size),
                                    wishes, ticket, &tokens);
    std::string answer = R"({"object":"list","data":[)";
    for (size_t i = 0; i < vectors.size(); ++i)
      answer += (i > 0 ? "," : "") + std::string(R"({"object":"embedding","index":)") +
                std::to_string(i) + R"(,"embedding":)" +
                (format == "float" ? json_text(vectors[i]) : "\"" + base64(vectors[i]) + "\"") +
                "}";
    const ordered_json usage{{"prompt_tokens", tokens}, {"total_tokens", tokens}};
    return answer + R"(],"model":)" + ordered_json(options_.served_model).dump() + R"(,"usage":)" +
           usage.dump() + "}";
  }

  std::string fill_mask(const Body& body, const Ticket& ticket) {
    bool is_list = false;
    const auto texts = texts_of(body.at("inputs"), options_.max_client_batch_size, &is_list);
    const auto wanted = body.find("top_k");
    const int64_t top_k = wanted ? wanted->integer() : 5;
    if (top_k < 1 || top_k > kMostWords) wanted->fail_wanted("1 to 100");
    std::vector<int32_t> targets;
    if (body.has("targets"))
      targets = filler_->target_ids(texts_of(body.at("targets"), kMostWords));
    std::vector<Input> inputs;
    std::vector<int64_t> tokens;
    for (const std::string& text : texts) {
      TokenIds ids = filler_->encode(text);
      check_masks(ids);
      tokens.push_back(static_cast<int64_t>(ids.input_ids.size()));
      inputs.emplace_back(MaskInput{std::move(ids), targets});
    }
    ordered_json answers = ordered_json::array();
    for (const Output& output : batcher_.run(std::move(inputs), std::move(tokens), ticket))
      answers.push_back(as_json(std::get<Candidates>(output), top_k));
    return (is_list ? answers : answers[0]).dump();
  }

  void check_masks(const TokenIds& ids) const {
    if (ids.truncated) throw too_long(filler_->encoder().max_seq_length());
    const int32_t mask = filler_->encoder().tokenizer().mask_id();
    if (std::find(ids.input_ids.begin(), ids.input_ids.end(), mask) == ids.input_ids.end())
      fail(ErrorCode::kBadData, "body: inputs: found a text without ",
           tokenizer().piece(tokenizer().mask_id()));
  }

  // One mask as a list of words, several as a list of such lists: transformers' pipeline.
  static ordered_json as_json(const Candidates& masks, int64_t top_k) {
    ordered_json all = ordered_json::array();
    for (const MaskFiller::Candidates& words : masks) {
      ordered_json list = ordered_json::array();
      for (const MaskCandidate& word : words)
        if (static_cast<int64_t>(list.size()) < top_k)
          list.push_back({{"score", word.score},
                          {"token", word.token},
                          {"token_str", word.token_str},
                          {"sequence", word.sequence}});
      all.push_back(std::move(list));
    }
    return masks.size() == 1 ? all[0] : all;
  }

  ServerOptions options_;
  TextEmbedder embedder_;
  std::optional<MaskFiller> filler_;
  Batcher<Input, Output> batcher_;
};

}  // namespace

std::unique_ptr<ServedModel> load_served_embedder(const ServedFolder& folder) {
  return std::make_unique<ServedEmbedder>(folder, false);
}
std::unique_ptr<ServedModel> load_served_mask_filler(const ServedFolder& folder) {
  return std::make_unique<ServedEmbedder>(folder, true);
}

}  // namespace albert::serving
