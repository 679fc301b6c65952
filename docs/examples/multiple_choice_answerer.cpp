// From a context, a question and options to the option that answers it: multiple_choice_answerer
// FOLDER CONTEXT QUESTION OPTION OPTION ..
#include <albert/albert.h>

#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const std::vector<std::string> options(argv + 4, argv + argc);
  auto answerer = albert::MultipleChoiceAnswerer::from_pretrained(argv[1]);
  const auto answer = answerer.answer(argv[2], argv[3], options);
  for (std::size_t i = 0; i < options.size(); ++i)
    std::printf("%s %s (%.4f)\n", std::size_t(answer.choice) == i ? "*" : " ", options[i].c_str(),
                answer.probabilities[i]);
}
