#include "albert/trainer/tasks/span/task.h"

#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/tokenizer/utf8.h"
#include "albert/trainer/tasks/span/details.h"
#include "albert/trainer/tasks/span/reports.h"
#include "albert/trainer/tasks/unknown_pieces.h"

namespace albert {
namespace {

// The first of the answers, as transformers trains on it: code points [begin, end).
std::pair<int64_t, int64_t> trained_answer(const SquadQuestion& question) {
  const SquadAnswer& answer = question.answers.front();
  return {answer.start, answer.start + count_code_points(answer.text)};
}

void add_window(SpanExamples& examples, AnswerWindow window,
                const std::pair<int64_t, int64_t>& positions) {
  examples.inputs.input_ids.push_back(std::move(window.input_ids));
  examples.inputs.token_type_ids.push_back(std::move(window.token_type_ids));
  examples.starts.push_back(positions.first);
  examples.ends.push_back(positions.second);
}

struct Batch {
  Sequences inputs;
  QuestionAnsweringLabels labels;
  double tokens = 0;
};

Batch batch_of(const SpanExamples& examples, std::span<const size_t> which) {
  Batch batch;
  std::vector<int64_t> starts, ends;
  for (const size_t i : which) {
    batch.inputs.input_ids.push_back(examples.inputs.input_ids[i]);
    batch.inputs.token_type_ids.push_back(examples.inputs.token_type_ids[i]);
    batch.tokens += static_cast<double>(examples.inputs.input_ids[i].size());
    starts.push_back(examples.starts[i]);
    ends.push_back(examples.ends[i]);
  }
  const auto rows = static_cast<int64_t>(which.size());
  batch.labels = {HostTensor::of<int64_t>({rows}, starts), HostTensor::of<int64_t>({rows}, ends)};
  return batch;
}

}  // namespace

SpanExamples span_examples(const std::vector<SquadQuestion>& questions,
                           const WindowEncoder& encoder) {
  constexpr std::pair<int64_t, int64_t> kNone{0, 0};
  SpanExamples examples;
  for (const SquadQuestion& question : questions) {
    bool found = question.answers.empty();
    for (AnswerWindow& window : encoder.windows(question.question, *question.context)) {
      auto positions = kNone;
      if (!question.answers.empty()) {
        const auto [begin, end] = trained_answer(question);
        positions = answer_positions(window, begin, end);
      }
      found |= positions != kNone;
      add_window(examples, std::move(window), positions);
    }
    examples.unreachable += found ? 0 : 1;
    ++examples.questions;
  }
  return examples;
}

SpanTask::SpanTask(Parts parts, const FinetuningSizes& sizes)
    : FinetuningTask(parts.tokenizer, sizes),
      parts_(std::move(parts)),
      eval_batch_size_(sizes.eval_batch_size) {}

int64_t SpanTask::examples(Split split) const {
  return split == Split::kTraining ? parts_.training.size()
                                   : static_cast<int64_t>(parts_.validation.questions.size());
}

std::string SpanTask::summary() const {
  const SpanExamples& training = parts_.training;
  UnknownPieces unknown(*parts_.tokenizer);
  for (const auto& ids : training.inputs.input_ids) unknown.add(ids);
  std::string text = std::to_string(training.questions) + " questions in " +
                     std::to_string(training.size()) + " windows" + unknown.text() + ", ";
  if (training.unreachable > 0)
    text += std::to_string(training.unreachable) + " whose answer is whole in none, ";
  return text + std::to_string(examples(Split::kValidation)) + " to evaluate";
}

std::string SpanTask::data_hash() const {
  std::string bytes;
  for (size_t i = 0; i < parts_.training.starts.size(); ++i) {
    append_bytes(bytes, parts_.training.inputs.input_ids[i]);
    append_bytes(bytes, parts_.training.inputs.token_type_ids[i]);
  }
  append_bytes(bytes, parts_.training.starts);
  append_bytes(bytes, parts_.training.ends);
  return xxh3_128(bytes.data(), bytes.size());
}

std::vector<double> SpanTask::count(Split split, std::span<const size_t> which) const {
  ALBERT_CHECK(split == Split::kTraining, "evaluation answers questions instead");
  const Batch batch = batch_of(parts_.training, which);
  return std::visit([&](const auto& head) { return head.count(batch.inputs, batch.labels); },
                    parts_.head);
}

Deferred<Metrics> SpanTask::start(Split split, std::span<const size_t> which,
                                  ForwardOptions forward) {
  ALBERT_CHECK(split == Split::kTraining, "evaluation answers questions instead");
  const Batch batch = batch_of(parts_.training, which);
  // Every window has a start and an end, so that all terms of the loss have one divisor.
  const double divisor = forward.loss.counts.at(0), tokens = batch.tokens;
  const auto windows = static_cast<double>(which.size());
  forward.logits = false;
  return std::visit(
      [&](auto& head) {
        const auto pending = head.start(batch.inputs, batch.labels, forward);
        return Deferred<Metrics>([=]() -> Metrics {
          return {{"loss", *pending.get().loss * divisor}, {"weight", windows}, {"tokens", tokens}};
        });
      },
      parts_.head);
}

Metrics SpanTask::averages(const Metrics& sums) const {
  return {{"loss", sums.at("loss") / sums.at("weight")}};
}

std::vector<AnswerChoice> SpanTask::answers() {
  return choose_answers(parts_.head, parts_.validation.windowed, parts_.validation.search,
                        eval_batch_size_);
}

Metrics SpanTask::evaluate() {
  const Validation& validation = parts_.validation;
  return metrics_of(scores_of(validation.questions, answers(), validation.version),
                    validation.version);
}

ReportDetails SpanTask::details() {
  const Validation& validation = parts_.validation;
  const std::vector<std::string> predicted = texts_of(answers());
  return span_details(validation.questions, predicted,
                      scored_answers(validation.questions, predicted, validation.version));
}

}  // namespace albert
