// Answers to questions, as JSON: a line for each record, or the files that run_qa writes.
#include <nlohmann/json.hpp>

#include "albert/base/atomic_file.h"
#include "albert/base/error.h"
#include "albert/trainer/tasks/span/reports.h"
#include "albert/trainer/tasks/span/squad_file.h"
#include "albert/trainer/tasks/span/stages.h"

namespace albert {
namespace {

namespace option = span_options;
using nlohmann::ordered_json;

QuestionAnswerer answerer_of(const PredictionRequest& request) {
  auto answerer = QuestionAnswerer::from_pretrained(
      request.model, request.model_options,
      {.windows = window_options(request.options, request.max_seq_length),
       .search = answer_search(request.options),
       .batch_size = request.batch_size});
  for (const auto& warning : answerer.warnings()) request.warn(warning);
  return answerer;
}

class SpanPredictor final : public Predictor {
 public:
  explicit SpanPredictor(const PredictionRequest& request)
      : question_(request.options.get<std::string>(option::kQuestionColumn)),
        context_(request.options.get<std::string>(option::kContextColumn)),
        answerer_(answerer_of(request)) {}

  void check(const RecordReader& reader) const override {
    reader.require_column(question_, option::kQuestionColumn);
    reader.require_column(context_, option::kContextColumn);
  }
  void add(const Record& record) override {
    questions_.push_back(answerer_.windowed(
        record.at(question_), std::make_shared<const std::string>(record.at(context_))));
  }
  std::vector<std::string> answers() override {
    std::vector<std::string> lines;
    for (const AnswerChoice& choice : answerer_.choose(questions_)) {
      const Answer answer = answer_of(choice);
      lines.push_back(ordered_json{
          {"answer", answer.text},
          {"score", answer.score},
          {"start", answer.begin},
          {"end",
           answer.end}}.dump());
    }
    questions_.clear();
    return lines;
  }

 private:
  std::string question_, context_;
  QuestionAnswerer answerer_;
  std::vector<WindowedQuestion> questions_;
};

// The members of a JSON object on lines of their own, as run_qa writes them.
class ObjectFile {
 public:
  explicit ObjectFile(const std::filesystem::path& path) : file_(path, 0) {}

  void add(const std::string& key, const ordered_json& value) {
    const std::string item = ordered_json{{key, value}}.dump(4, ' ', true);
    file_.write(empty_ ? "{\n" : ",\n");
    file_.write(std::string_view(item).substr(2, item.size() - 4));
    empty_ = false;
  }
  void publish() {
    file_.write(empty_ ? "{}\n" : "\n}\n");
    file_.publish();
  }

 private:
  AtomicFile file_;
  bool empty_ = true;
};

// What run_qa writes of every question, or run_qa_beam_search.
class AnswerFiles {
 public:
  AnswerFiles(const std::filesystem::path& folder, bool version_2, bool beam_search)
      : predictions_(folder / "predictions_.json"),
        n_best_(folder / "nbest_predictions_.json"),
        unit_(beam_search ? "_log_prob" : "_logit") {
    if (version_2) null_odds_.emplace(folder / "null_odds_.json");
  }

  void add(const std::string& id, const AnswerChoice& choice) {
    predictions_.add(id, choice.answer.text);
    ordered_json n_best = ordered_json::array();
    for (const AnswerCandidate& candidate : choice.n_best)
      n_best.push_back({{"text", candidate.text},
                        {"start" + unit_, candidate.start_logit},
                        {"end" + unit_, candidate.end_logit},
                        {"probability", candidate.probability}});
    n_best_.add(id, n_best);
    if (null_odds_) null_odds_->add(id, *choice.null_score_diff);
  }
  void publish() {
    predictions_.publish();
    n_best_.publish();
    if (null_odds_) null_odds_->publish();
  }

 private:
  ObjectFile predictions_, n_best_;
  std::string unit_;  // of the scores of an answer's ends
  std::optional<ObjectFile> null_odds_;
};

// A file whose questions all have what is right can be scored.
bool is_labelled(const std::vector<SquadQuestion>& questions, SquadVersion version) {
  for (const SquadQuestion& question : questions)
    if (!question.labelled || (version == SquadVersion::k1 && question.answers.empty()))
      return false;
  return true;
}

// Some questions at a time, so that a long file does not fill the memory.
std::vector<AnswerChoice> answer_all(QuestionAnswerer& answerer,
                                     const std::vector<SquadQuestion>& questions,
                                     AnswerFiles& files) {
  constexpr size_t kAtOnce = 2048;
  std::vector<AnswerChoice> all;
  for (size_t at = 0; at < questions.size(); at += kAtOnce) {
    std::vector<WindowedQuestion> windowed;
    for (size_t i = at; i < std::min(questions.size(), at + kAtOnce); ++i)
      windowed.push_back(answerer.windowed(questions[i].question, questions[i].context));
    for (AnswerChoice& choice : answerer.choose(windowed)) {
      files.add(questions[all.size()].id, choice);
      choice.n_best.clear();
      all.push_back(std::move(choice));
    }
  }
  return all;
}

}  // namespace

std::unique_ptr<Predictor> make_span_predictor(const PredictionRequest& request) {
  return std::make_unique<SpanPredictor>(request);
}

std::string predict_squad_file(const PredictionRequest& request, const FileRequest& files) {
  const SquadVersion version = squad_version(request.options);
  const auto questions = read_squad(files.input, AnswerStarts::kIgnored);
  QuestionAnswerer answerer = answerer_of(request);
  const bool beam_search =
      std::holds_alternative<AlbertForQuestionAnsweringBeamSearch>(answerer.head());
  AnswerFiles answers(files.output_dir, version == SquadVersion::k2, beam_search);
  const auto choices = answer_all(answerer, questions, answers);
  answers.publish();
  if (!is_labelled(questions, version)) return "";
  const SquadScores scores = scores_of(questions, choices, version);
  write_file_atomically(files.output_dir / "eval_results.json", json_of(scores, version) + "\n");
  return text_of(scores, version);
}

}  // namespace albert
