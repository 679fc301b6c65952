#include "albert/inference/question_answerer.h"

#include "albert/base/error.h"
#include "albert/inference/batches.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

void check_words(const char* name, std::string_view text) {
  if (is_blank(text)) fail(ErrorCode::kBadData, "the ", name, " is empty");
}

std::vector<float> beginning(std::span<const float> row, size_t size) {
  return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(size)};
}

void compute_batch(AlbertForQuestionAnswering& model, std::span<const AnswerWindow* const> windows,
                   std::span<const size_t> which, std::vector<SpanLogits>& logits) {
  Sequences batch;
  for (const size_t i : which) {
    batch.input_ids.push_back(windows[i]->input_ids);
    batch.token_type_ids.push_back(windows[i]->token_type_ids);
  }
  const auto out = model.forward(batch);
  const HostTensor start = out.start_logits.to(DType::kF32), end = out.end_logits.to(DType::kF32);
  for (size_t row = 0; row < which.size(); ++row) {
    const size_t size = batch.input_ids[row].size();
    const auto at = static_cast<int64_t>(row);
    logits[which[row]] = {beginning(start.row<float>(at), size),
                          beginning(end.row<float>(at), size)};
  }
}

std::vector<SpanLogits> span_logits(AlbertForQuestionAnswering& model,
                                    std::span<const AnswerWindow* const> windows,
                                    int64_t batch_size) {
  std::vector<size_t> lengths;
  for (const AnswerWindow* window : windows) lengths.push_back(window->input_ids.size());
  std::vector<SpanLogits> logits(windows.size());
  for_batches_by_length(lengths, batch_size, [&](std::span<const size_t> which) {
    compute_batch(model, windows, which, logits);
  });
  return logits;
}

}  // namespace

std::vector<AnswerChoice> choose_answers(AlbertForQuestionAnswering& model,
                                         std::span<const WindowedQuestion> questions,
                                         const AnswerSearch& search, int64_t batch_size) {
  std::vector<const AnswerWindow*> windows;
  for (const WindowedQuestion& question : questions)
    for (const AnswerWindow& window : question.windows) windows.push_back(&window);
  const std::vector<SpanLogits> all = span_logits(model, windows, batch_size);
  std::vector<AnswerChoice> choices;
  size_t at = 0;
  for (const WindowedQuestion& question : questions) {
    const auto logits = std::span(all).subspan(at, question.windows.size());
    choices.push_back(choose_answer(*question.context, question.windows, logits, search));
    at += question.windows.size();
  }
  return choices;
}

QuestionAnswerer QuestionAnswerer::from_pretrained(const std::filesystem::path& folder,
                                                   const ModelOptions& model,
                                                   const QuestionAnswererOptions& options) {
  if (options.batch_size < 1)
    fail(ErrorCode::kUsage, "batch_size ", options.batch_size, ": wanted 1 or more");
  check_search(options.search);
  WindowEncoder encoder(Tokenizer::from_pretrained(folder), AlbertConfig::from_folder(folder),
                        options.windows);
  return {std::move(encoder), AlbertForQuestionAnswering::from_pretrained(folder, model), options};
}

QuestionAnswerer::QuestionAnswerer(WindowEncoder encoder, AlbertForQuestionAnswering model,
                                   const QuestionAnswererOptions& options)
    : encoder_(std::move(encoder)),
      model_(std::move(model)),
      options_(options),
      warnings_(model_.load_report().warnings) {
  if (!encoder_.warning().empty()) warnings_.push_back(encoder_.warning());
}

WindowedQuestion QuestionAnswerer::windowed(std::string_view question,
                                            std::shared_ptr<const std::string> context) const {
  check_words("question", question);
  check_words("context", *context);
  auto windows = encoder_.windows(question, *context);
  return {std::move(context), std::move(windows)};
}

std::vector<AnswerChoice> QuestionAnswerer::choose(std::span<const WindowedQuestion> questions) {
  return choose_answers(model_, questions, options_.search, options_.batch_size);
}

Answer QuestionAnswerer::answer(std::string_view question, std::string_view context) {
  const WindowedQuestion one = windowed(question, std::make_shared<const std::string>(context));
  return answer_of(choose(std::span(&one, 1)).front());
}

Answer answer_of(const AnswerChoice& choice) {
  const AnswerCandidate& a = choice.answer;
  return {a.end > a.begin ? a.text : "", a.probability, a.begin, a.end};
}

}  // namespace albert
