// Text classification: /predict, and /rerank where the model gives one score.
#include <algorithm>
#include <numeric>

#include "albert/inference/text_classifier.h"
#include "albert/serving/batcher.h"
#include "albert/serving/body.h"
#include "albert/serving/http_error.h"
#include "albert/serving/served_model.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

const std::string kRawScores =
    R"("raw_scores": {"type": "boolean", "default": false,
       "description": "The model's outputs, without soft-max or sigmoid."})";

class ServedClassifier final : public ServedModel {
 public:
  explicit ServedClassifier(const ServedFolder& folder)
      : options_(folder.options),
        classifier_(TextClassifier::from_pretrained(
            folder.path, folder.model, {.batch_size = folder.options.max_batch_tokens})),
        batcher_(
            {options_.max_batch_tokens, options_.max_queued_tokens},
            [this](std::span<const TokenIds> texts) { return classifier_.classify(texts); },
            *folder.metrics) {}

  std::vector<Endpoint> endpoints() override {
    std::vector<Endpoint> all{predict_endpoint()};
    if (classifier_.labels().size() == 1) all.push_back(rerank_endpoint());
    return all;
  }
  std::string kind() const override {
    ordered_json ids = ordered_json::object(), labels = ordered_json::object();
    for (size_t i = 0; i < classifier_.labels().size(); ++i) {
      ids[std::to_string(i)] = classifier_.labels()[i];
      labels[classifier_.labels()[i]] = i;
    }
    const char* name = classifier_.labels().size() == 1 ? "reranker" : "classifier";
    return ordered_json({{name, {{"id2label", ids}, {"label2id", labels}}}}).dump();
  }
  const AlbertPreTrainedModel& model() const override { return classifier_.model(); }
  const Tokenizer& tokenizer() const override { return classifier_.encoder().tokenizer(); }
  int64_t max_input_length() const override { return classifier_.encoder().max_seq_length(); }
  std::vector<std::string> warnings() const override { return classifier_.warnings(); }

 private:
  Endpoint predict_endpoint() {
    Endpoint e{"POST", "/predict", "Labels and scores of texts, or of pairs of texts."};
    e.properties = std::string(R"({"inputs": {"description":
        "A text, a pair [text, pair], or a batch of such lists.",
        "oneOf": [{"type": "string"}, {"type": "array", "items": {"oneOf": [{"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}]}}]},)") +
                   kTruncateProperty + "," + kRawScores + "}";
    e.required = R"(["inputs"])";
    e.example = R"({"inputs": "a gripping film"})";
    e.answers = R"([{"score": 0.98, "label": "1"}, {"score": 0.02, "label": "0"}])";
    e.answer = [this, e](const Call& call) { return predict(Body(e, call.body), call.ticket); };
    return e;
  }

  Endpoint rerank_endpoint() {
    Endpoint e{"POST", "/rerank", "Texts in the order of their scores with the query."};
    e.properties = std::string(R"({"query": {"type": "string"},
        "texts": {"type": "array", "items": {"type": "string"}},
        "return_text": {"type": "boolean", "default": false},)") +
                   kTruncateProperty + "," + kRawScores + "}";
    e.required = R"(["query", "texts"])";
    e.example = R"({"query": "What is ALBERT?", "texts": ["A model.", "A fish."]})";
    e.answers = R"([{"index": 0, "score": 0.9}, {"index": 1, "score": 0.1}])";
    e.answer = [this, e](const Call& call) { return rerank(Body(e, call.body), call.ticket); };
    return e;
  }

  std::vector<Classification> classify(const std::vector<TextPair>& texts, bool truncate,
                                       const Ticket& ticket) {
    std::vector<TokenIds> ids;
    std::vector<int64_t> tokens;
    for (const TextPair& text : texts) {
      ids.push_back(encoded(classifier_.encoder(), text, truncate));
      tokens.push_back(static_cast<int64_t>(ids.back().input_ids.size()));
    }
    return batcher_.run(std::move(ids), std::move(tokens), ticket);
  }

  std::string predict(const Body& body, const Ticket& ticket) {
    bool is_list = false;
    const auto texts = pairs_of(body.at("inputs"), options_.max_client_batch_size, &is_list);
    const bool raw = body.boolean_or("raw_scores", false);
    ordered_json answers = ordered_json::array();
    for (const Classification& result : classify(texts, truncates(body, options_), ticket))
      answers.push_back(sorted_scores(result, raw));
    return (is_list ? answers : answers[0]).dump();
  }

  // Best first, as text-embeddings-inference gives them.
  ordered_json sorted_scores(const Classification& result, bool raw) const {
    std::vector<size_t> order(result.scores.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return result.outputs[a] > result.outputs[b]; });
    const ordered_json outputs = as_json(result.outputs);
    ordered_json scores = ordered_json::array();
    for (const size_t i : order)
      scores.push_back({{"score", raw ? outputs[i] : ordered_json(result.scores[i])},
                        {"label", classifier_.labels()[i]}});
    return scores;
  }

  std::string rerank(const Body& body, const Ticket& ticket) {
    const std::string query = body.at("query").string();
    std::vector<TextPair> pairs;
    for (const std::string& text : texts_of(body.at("texts"), options_.max_client_batch_size))
      pairs.push_back({query, text});
    const bool raw = body.boolean_or("raw_scores", false);
    const bool with_text = body.boolean_or("return_text", false);
    const auto results = classify(pairs, truncates(body, options_), ticket);
    std::vector<size_t> order(results.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return results[a].outputs[0] > results[b].outputs[0];
    });
    ordered_json ranks = ordered_json::array();
    for (const size_t i : order) {
      ordered_json rank{{"index", i}};
      if (with_text) rank["text"] = *pairs[i].pair;
      rank["score"] =
          raw ? ordered_json(as_json(results[i].outputs)[0]) : ordered_json(results[i].scores[0]);
      ranks.push_back(std::move(rank));
    }
    return ranks.dump();
  }

  ServerOptions options_;
  TextClassifier classifier_;
  Batcher<TokenIds, Classification> batcher_;
};

}  // namespace

std::unique_ptr<ServedModel> load_served_classifier(const ServedFolder& folder) {
  return std::make_unique<ServedClassifier>(folder);
}

}  // namespace albert::serving
