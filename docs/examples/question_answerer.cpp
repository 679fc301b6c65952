// From a question to the part of a context that answers it: question_answerer FOLDER QUESTION
// CONTEXT
#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  auto answerer = albert::QuestionAnswerer::from_pretrained(argv[1]);
  const auto answer = answerer.answer(argv[2], argv[3]);
  std::printf("%s (%.4f), characters %td to %td\n", answer.text.c_str(), answer.score,
              std::ptrdiff_t(answer.begin), std::ptrdiff_t(answer.end));
}
