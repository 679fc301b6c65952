#include "albert/inference/question_answerer.h"

#include "albert/base/error.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

void check_words(const char* name, std::string_view text) {
  if (is_blank(text)) fail(ErrorCode::kBadData, "the ", name, " is empty");
}

}  // namespace

QuestionAnswerer QuestionAnswerer::from_pretrained(const std::filesystem::path& folder,
                                                   const ModelOptions& model,
                                                   const QuestionAnswererOptions& options) {
  if (options.batch_size < 1)
    fail(ErrorCode::kUsage, "batch_size ", options.batch_size, ": wanted 1 or more");
  check_search(options.search);
  WindowEncoder encoder(Tokenizer::from_pretrained(folder), AlbertConfig::from_folder(folder),
                        options.windows);
  return {std::move(encoder), load_question_answering_head(folder, model), options};
}

QuestionAnswerer::QuestionAnswerer(WindowEncoder encoder, QuestionAnsweringHead head,
                                   const QuestionAnswererOptions& options)
    : encoder_(std::move(encoder)),
      head_(std::move(head)),
      options_(options),
      warnings_(model_of(head_).load_report().warnings) {
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
  return choose_answers(head_, questions, options_.search, options_.batch_size);
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
