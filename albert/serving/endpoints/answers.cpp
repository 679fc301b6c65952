// Questions about a context: /answer.
#include <algorithm>
#include <numeric>

#include "albert/inference/question_answerer.h"
#include "albert/serving/batcher.h"
#include "albert/serving/body.h"
#include "albert/serving/http_error.h"
#include "albert/serving/served_model.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

// What is longer than the positions leave is read in windows.
int64_t window_length(const ServedFolder& folder) {
  constexpr int64_t kUsual = 384;
  return std::min(kUsual, AlbertConfig::from_folder(folder.path).max_position_embeddings);
}

QuestionAnswererOptions answerer_options(const ServedFolder& folder) {
  QuestionAnswererOptions options;
  options.batch_size =
      std::max<int64_t>(1, folder.options.max_batch_tokens / window_length(folder));
  return options;
}

ordered_json as_json(const AnswerCandidate& candidate) {
  const bool none = candidate.end <= candidate.begin;
  return {{"answer", none ? "" : candidate.text},
          {"score", candidate.probability},
          {"start", candidate.begin},
          {"end", candidate.end}};
}

class ServedAnswerer final : public ServedModel {
 public:
  explicit ServedAnswerer(const ServedFolder& folder)
      : options_(folder.options),
        window_length_(window_length(folder)),
        answerer_(
            QuestionAnswerer::from_pretrained(folder.path, folder.model, answerer_options(folder))),
        tokenizer_(Tokenizer::from_pretrained(folder.path)),
        batcher_(
            {options_.max_batch_tokens, options_.max_queued_tokens},
            [this](std::span<const WindowedQuestion> questions) {
              return answerer_.choose(questions);
            },
            *folder.metrics) {}

  std::vector<Endpoint> endpoints() override {
    Endpoint e{"POST", "/answer", "The part of a context that answers a question."};
    e.properties = R"({"inputs": {"description": "An object with question and context, or several.",
        "oneOf": [{"$ref": "#/components/schemas/Question"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Question"}}]},
        "question": {"type": "string"}, "context": {"type": "string"},
        "top_k": {"type": "integer", "minimum": 1, "maximum": 20, "default": 1,
        "description": "How many candidates are given; more than one as a list."}})";
    e.example = R"({"inputs": {"question": "Who wrote it?", "context": "Ann wrote it."}})";
    e.answers = R"({"answer": "Ann", "score": 0.97, "start": 0, "end": 3})";
    e.answer = [this, e](const Call& call) { return answer(Body(e, call.body), call.ticket); };
    return {e};
  }
  std::string kind() const override {
    return ordered_json({{"question_answerer", {{"max_seq_length", window_length_}}}}).dump();
  }
  const AlbertPreTrainedModel& model() const override {
    return std::visit([](const auto& head) -> const AlbertPreTrainedModel& { return head; },
                      answerer_.head());
  }
  const Tokenizer& tokenizer() const override { return *tokenizer_; }
  int64_t max_input_length() const override { return window_length_; }
  std::vector<std::string> warnings() const override { return answerer_.warnings(); }

 private:
  WindowedQuestion question_of(const JsonView& value) const {
    check_keys(value, {"question", "context"});
    return answerer_.windowed(value.at("question").string(),
                              std::make_shared<const std::string>(value.at("context").string()));
  }

  std::vector<WindowedQuestion> questions_of(const Body& body, bool* is_list) const {
    *is_list = false;
    if (!body.has("inputs"))
      return {answerer_.windowed(body.at("question").string(),
                                 std::make_shared<const std::string>(body.at("context").string()))};
    const JsonView inputs = body.at("inputs");
    if (!inputs.raw().is_array()) return {question_of(inputs)};
    *is_list = true;
    check_count(inputs.size(), options_.max_client_batch_size);
    std::vector<WindowedQuestion> questions;
    for (size_t i = 0; i < inputs.size(); ++i) questions.push_back(question_of(inputs.item(i)));
    return questions;
  }

  std::string answer(const Body& body, const Ticket& ticket) {
    bool is_list = false;
    auto questions = questions_of(body, &is_list);
    const auto top = body.find("top_k");
    const int64_t k = top ? top->integer() : 1;
    if (k < 1 || k > 20) top->fail_wanted("1 to 20");
    std::vector<int64_t> tokens;
    for (const WindowedQuestion& question : questions)
      tokens.push_back(std::accumulate(question.windows.begin(), question.windows.end(), int64_t{0},
                                       [](int64_t sum, const AnswerWindow& window) {
                                         return sum + static_cast<int64_t>(window.input_ids.size());
                                       }));
    ordered_json answers = ordered_json::array();
    for (const AnswerChoice& choice :
         batcher_.run(std::move(questions), std::move(tokens), ticket)) {
      if (k == 1) {
        answers.push_back(as_json(choice.answer));
        continue;
      }
      ordered_json best = ordered_json::array();
      for (const AnswerCandidate& candidate : choice.n_best)
        if (static_cast<int64_t>(best.size()) < k) best.push_back(as_json(candidate));
      answers.push_back(std::move(best));
    }
    return (is_list ? answers : answers[0]).dump();
  }

  ServerOptions options_;
  int64_t window_length_;
  QuestionAnswerer answerer_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Batcher<WindowedQuestion, AnswerChoice> batcher_;
};

}  // namespace

std::unique_ptr<ServedModel> load_served_answerer(const ServedFolder& folder) {
  return std::make_unique<ServedAnswerer>(folder);
}

}  // namespace albert::serving
