// Options that a model chooses, as JSON: a line for each record, or files with all answers.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "albert/base/atomic_file.h"
#include "albert/inference/multiple_choice_answerer.h"
#include "albert/trainer/tasks/choice/reports.h"
#include "albert/trainer/tasks/choice/stages.h"
#include "albert/trainer/tasks/choice/task.h"
#include "albert/trainer/tasks/rounding.h"

namespace albert {
namespace {

using nlohmann::ordered_json;

MultipleChoiceAnswerer answerer_of(const PredictionRequest& request) {
  auto answerer = MultipleChoiceAnswerer::from_pretrained(
      request.model, request.model_options,
      {.encoding = choice_encoding(request.options, request.max_seq_length),
       .batch_size = request.batch_size});
  for (const auto& warning : answerer.warnings()) request.warn(warning);
  return answerer;
}

// Of a question with `options`.
ordered_json json_of(const MultipleChoiceAnswer& answer, const std::vector<std::string>& options) {
  std::vector<double> probabilities;
  for (const double p : answer.probabilities) probabilities.push_back(seven_digits(p));
  const auto chosen = static_cast<size_t>(answer.choice);
  return {{"label", answer.choice},
          {"answer", choice_labels(answer.choice + 1).back().name},
          {"text", options[chosen]},
          {"score", probabilities[chosen]},
          {"probabilities", probabilities}};
}

class ChoicePredictor final : public Predictor {
 public:
  explicit ChoicePredictor(const PredictionRequest& request) : answerer_(answerer_of(request)) {}

  void check(const RecordReader& reader) const override { require_choice_columns(reader, false); }
  void add(const Record& record) override {
    MultipleChoiceQuestion question = choice_question(record);
    questions_.push_back(answerer_.encode(question));
    options_.push_back(std::move(question.options));
  }
  std::vector<std::string> answers() override {
    const auto answers = answerer_.answer(questions_);
    std::vector<std::string> lines;
    for (size_t i = 0; i < answers.size(); ++i)
      lines.push_back(json_of(answers[i], options_[i]).dump());
    questions_.clear();
    options_.clear();
    return lines;
  }

 private:
  MultipleChoiceAnswerer answerer_;
  std::vector<MultipleChoiceIds> questions_;
  std::vector<std::vector<std::string>> options_;
};

// What is written of every question: run_glue's table and the lines of albert predict.
class PredictionFiles {
 public:
  explicit PredictionFiles(const FileRequest& files)
      : table_name_("predict_results" + (files.task.empty() ? "" : "_" + files.task) + ".txt"),
        table_(files.output_dir / table_name_, 0),
        lines_(files.output_dir / kLines, 0) {
    table_.write("index\tprediction\n");
  }
  void add(const MultipleChoiceAnswer& answer, const ChoiceExample& example) {
    const ordered_json json = json_of(answer, example.question.options);
    const std::string label =
        example.letters ? json["answer"].get<std::string>() : std::to_string(answer.choice);
    table_.write(std::to_string(count_++) + "\t" + label + "\n");
    lines_.write(json.dump() + "\n");
  }
  void publish() {
    table_.publish();
    lines_.publish();
  }
  std::string names() const { return table_name_ + " and " + kLines; }

 private:
  static constexpr const char* kLines = "predictions.jsonl";
  std::string table_name_;
  AtomicFile table_, lines_;
  int64_t count_ = 0;
};

// Some questions at a time, so that a long file does not fill the memory.
std::vector<int64_t> answer_all(MultipleChoiceAnswerer& answerer,
                                const std::vector<ChoiceExample>& examples,
                                PredictionFiles& files) {
  constexpr size_t kAtOnce = 2048;
  std::vector<int64_t> chosen;
  for (size_t at = 0; at < examples.size(); at += kAtOnce) {
    const auto some = std::span(examples).subspan(at, std::min(kAtOnce, examples.size() - at));
    const auto answers = answerer.answer(encoded_choices(some, answerer.encoder()).inputs);
    for (size_t i = 0; i < some.size(); ++i) {
      files.add(answers[i], some[i]);
      chosen.push_back(answers[i].choice);
    }
  }
  return chosen;
}

bool all_labelled(const std::vector<ChoiceExample>& examples) {
  return std::all_of(examples.begin(), examples.end(),
                     [](const ChoiceExample& example) { return example.label.has_value(); });
}

}  // namespace

std::unique_ptr<Predictor> make_choice_predictor(const PredictionRequest& request) {
  return std::make_unique<ChoicePredictor>(request);
}

std::string predict_choice_file(const PredictionRequest& request, const FileRequest& files) {
  DeclaredChoices declared;
  const auto examples = read_choice_examples(
      files.input, {.level = chosen_level(request.options), .labelled = false}, declared);
  MultipleChoiceAnswerer answerer = answerer_of(request);
  PredictionFiles written(files);
  const auto chosen = answer_all(answerer, examples, written);
  written.publish();
  const std::string done = files.input.string() + ": " + std::to_string(chosen.size()) +
                           " predictions in " + written.names() + " of " +
                           files.output_dir.string() + "\n";
  if (!all_labelled(examples)) return done;
  const ScoreReport report = choice_report(chosen, examples);
  write_file_atomically(files.output_dir / "eval_results.json", report.json + "\n");
  return done + report.text;
}

}  // namespace albert
