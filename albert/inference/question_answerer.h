#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "albert/inference/question_answering_head.h"

namespace albert {

// What a model answers.
struct Answer {
  std::string text;            // of the context; empty: it has no answer
  double score = 0;            // its probability among the candidates
  int64_t begin = 0, end = 0;  // its code points in the context
};

struct QuestionAnswererOptions {
  WindowOptions windows = {};
  AnswerSearch search = {};
  int64_t batch_size = 32;  // windows at once
};

// A fine-tuned folder as a function from a question and a context to the part of the context that
// answers it. One thread at a time may use it.
class QuestionAnswerer {
 public:
  // Reads the model and its tokenizer. Errors are those of the head's from_pretrained, of the
  // tokenizer's, and of WindowEncoder and choose_answer for options.
  static QuestionAnswerer from_pretrained(const std::filesystem::path& folder,
                                          const ModelOptions& model = {},
                                          const QuestionAnswererOptions& options = {});

  // Contexts may have any length. Error(kBadData) for a question or context without words, or text
  // that is not UTF-8; Error(kMismatch) where an output is not finite.
  Answer answer(std::string_view question, std::string_view context);
  // With all candidates, in the order of the questions.
  std::vector<AnswerChoice> choose(std::span<const WindowedQuestion> questions);
  WindowedQuestion windowed(std::string_view question,
                            std::shared_ptr<const std::string> context) const;

  const QuestionAnsweringHead& head() const { return head_; }
  // What was odd about the folder, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  QuestionAnswerer(WindowEncoder encoder, QuestionAnsweringHead head,
                   const QuestionAnswererOptions& options);

  WindowEncoder encoder_;
  QuestionAnsweringHead head_;
  QuestionAnswererOptions options_;
  std::vector<std::string> warnings_;
};

// The choice as people read it, without the word "empty" for none.
Answer answer_of(const AnswerChoice& choice);

}  // namespace albert
