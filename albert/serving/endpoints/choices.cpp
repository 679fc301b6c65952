// Multiple choice: /choose.
#include "albert/inference/multiple_choice_answerer.h"
#include "albert/serving/batcher.h"
#include "albert/serving/body.h"
#include "albert/serving/http_error.h"
#include "albert/serving/served_model.h"

namespace albert::serving {
namespace {

using nlohmann::ordered_json;

class ServedChooser final : public ServedModel {
 public:
  explicit ServedChooser(const ServedFolder& folder)
      : options_(folder.options),
        answerer_(MultipleChoiceAnswerer::from_pretrained(
            folder.path, folder.model, {.batch_size = folder.options.max_batch_tokens})),
        batcher_(
            {options_.max_batch_tokens, options_.max_queued_tokens},
            [this](std::span<const MultipleChoiceIds> questions) {
              return answerer_.answer(questions);
            },
            *folder.metrics) {}

  std::vector<Endpoint> endpoints() override {
    Endpoint e{"POST", "/choose", "Which option answers a question about a context."};
    e.properties = R"({"context": {"type": "string"}, "question": {"type": "string"},
        "options": {"type": "array", "items": {"type": "string"}, "minItems": 2}})";
    e.required = R"(["context", "question", "options"])";
    e.example = R"({"context": "Ann wrote it.", "question": "Who wrote it?",
        "options": ["Ann", "Bob"]})";
    e.answers = R"({"choice": 0, "score": 0.9, "probabilities": [0.9, 0.1]})";
    e.answer = [this, e](const Call& call) { return choose(Body(e, call.body), call.ticket); };
    return {e};
  }
  std::string kind() const override { return R"({"multiple_choice": {}})"; }
  const AlbertPreTrainedModel& model() const override { return answerer_.model(); }
  const Tokenizer& tokenizer() const override { return answerer_.encoder().tokenizer(); }
  int64_t max_input_length() const override { return answerer_.encoder().max_seq_length(); }
  std::vector<std::string> warnings() const override { return answerer_.warnings(); }

 private:
  std::string choose(const Body& body, const Ticket& ticket) {
    MultipleChoiceQuestion question;
    question.context = std::make_shared<const std::string>(body.at("context").string());
    question.question = body.at("question").string();
    question.options = texts_of(body.at("options"), options_.max_client_batch_size);
    MultipleChoiceIds ids = answerer_.encode(question);
    int64_t tokens = 0;
    for (size_t i = 0; i < ids.options.size(); ++i)
      tokens += static_cast<int64_t>(answerer_.encoder().inputs(ids, i).input_ids.size());
    const auto answers = batcher_.run({std::move(ids)}, {tokens}, ticket);
    return ordered_json({{"choice", answers[0].choice},
                         {"score", answers[0].score},
                         {"probabilities", answers[0].probabilities}})
        .dump();
  }

  ServerOptions options_;
  MultipleChoiceAnswerer answerer_;
  Batcher<MultipleChoiceIds, MultipleChoiceAnswer> batcher_;
};

}  // namespace

std::unique_ptr<ServedModel> load_served_chooser(const ServedFolder& folder) {
  return std::make_unique<ServedChooser>(folder);
}

}  // namespace albert::serving
