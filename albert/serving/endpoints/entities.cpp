// Labels of tokens: /entities.
#include <numeric>

#include "albert/inference/token_classifier.h"
#include "albert/serving/batcher.h"
#include "albert/serving/body.h"
#include "albert/serving/http_error.h"
#include "albert/serving/served_model.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

class ServedTagger final : public ServedModel {
 public:
  explicit ServedTagger(const ServedFolder& folder)
      : options_(folder.options),
        encoder_(Tokenizer::from_pretrained(folder.path), AlbertConfig::from_folder(folder.path),
                 {}),
        model_(AlbertForTokenClassification::from_pretrained(folder.path, folder.model)),
        batcher_(
            {options_.max_batch_tokens, options_.max_queued_tokens},
            [this](std::span<const WindowedText> texts) { return logits_of(texts); },
            *folder.metrics) {
    for (const auto& [id, name] : model_.config().id2label) labels_.push_back(name);
  }

  std::vector<Endpoint> endpoints() override {
    Endpoint e{"POST", "/entities", "Names in texts: what transformers' pipeline calls ner."};
    e.properties = std::string("{") + kInputsProperty + R"(,
        "words": {"type": "array", "items": {"type": "string"},
        "description": "In place of inputs: a text as words; each is given its label."},
        "aggregation_strategy": {"type": "string", "default": "first",
        "enum": ["none", "simple", "first", "average", "max"]}})";
    e.example = R"({"inputs": "Ann lives in Paris."})";
    e.answers = R"([{"entity_group": "PER", "score": 0.99, "word": "Ann", "start": 0, "end": 3}])";
    e.answer = [this, e](const Call& call) { return entities(Body(e, call.body), call.ticket); };
    return {e};
  }
  std::string kind() const override {
    return ordered_json({{"token_classifier", {{"labels", labels_}}}}).dump();
  }
  const AlbertPreTrainedModel& model() const override { return model_; }
  const Tokenizer& tokenizer() const override { return encoder_.tokenizer(); }
  int64_t max_input_length() const override { return encoder_.max_seq_length(); }
  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = model_.load_report().warnings;
    if (!encoder_.warning().empty()) all.push_back(encoder_.warning());
    return all;
  }

 private:
  std::vector<TokenLogits> logits_of(std::span<const WindowedText> texts) {
    const int64_t windows = options_.max_batch_tokens / encoder_.max_seq_length();
    return token_logits(model_, texts, std::max<int64_t>(1, windows));
  }

  std::vector<TokenClassification> classify(const std::vector<WindowedText>& texts,
                                            Aggregation aggregation, const Ticket& ticket) {
    std::vector<int64_t> tokens;
    for (const WindowedText& text : texts)
      tokens.push_back(std::accumulate(text.windows.begin(), text.windows.end(), int64_t{0},
                                       [](int64_t sum, const TokenWindow& window) {
                                         return sum + static_cast<int64_t>(window.input_ids.size());
                                       }));
    const auto logits = batcher_.run(texts, std::move(tokens), ticket);
    std::vector<TokenClassification> results;
    for (size_t i = 0; i < texts.size(); ++i)
      results.push_back(group_entities(texts[i], logits[i], labels_, aggregation));
    return results;
  }

  static ordered_json as_json(const std::vector<Entity>& entities, Aggregation aggregation) {
    const char* name = aggregation == Aggregation::kNone ? "entity" : "entity_group";
    ordered_json list = ordered_json::array();
    for (const Entity& entity : entities)
      list.push_back({{name, entity.label},
                      {"score", entity.score},
                      {"word", entity.text},
                      {"start", entity.begin},
                      {"end", entity.end}});
    return list;
  }

  static Aggregation aggregation_of(const Body& body) {
    const auto named = body.find("aggregation_strategy");
    if (!named) return Aggregation::kFirst;
    try {
      return aggregation_named(named->string());
    } catch (const Error&) {
      named->fail_wanted("one of none, simple, first, average, max");
    }
  }

  std::string entities(const Body& body, const Ticket& ticket) {
    const Aggregation aggregation = aggregation_of(body);
    if (body.has("words")) {
      constexpr int64_t kMostWords = 10'000;
      if (body.has("inputs")) body.at("words").fail_here("found it beside inputs");
      const auto words = texts_of(body.at("words"), kMostWords);
      const auto result = classify({encoder_.words(words)}, aggregation, ticket)[0];
      return ordered_json(
                 {{"labels", result.labels}, {"entities", as_json(result.entities, aggregation)}})
          .dump();
    }
    bool is_list = false;
    std::vector<WindowedText> texts;
    for (const std::string& text :
         texts_of(body.at("inputs"), options_.max_client_batch_size, &is_list))
      texts.push_back(encoder_.text(text));
    ordered_json answers = ordered_json::array();
    for (const TokenClassification& result : classify(texts, aggregation, ticket))
      answers.push_back(as_json(result.entities, aggregation));
    return (is_list ? answers : answers[0]).dump();
  }

  ServerOptions options_;
  TokenWindowEncoder encoder_;
  AlbertForTokenClassification model_;
  std::vector<std::string> labels_;
  Batcher<WindowedText, TokenLogits> batcher_;
};

}  // namespace

std::unique_ptr<ServedModel> load_served_tagger(const ServedFolder& folder) {
  return std::make_unique<ServedTagger>(folder);
}

}  // namespace albert::serving
