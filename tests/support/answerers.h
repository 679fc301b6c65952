#pragma once
// Folders with a model that answers questions, and files of SQuAD made up here.
#include "albert/heads/question_answering_beam_search.h"
#include "tests/support/classifiers.h"
#include "tests/support/files.h"

namespace albert::testing {

// Writes a model of random weights, in which every output differs, and the vocabulary in `spiece`.
template <class Head = AlbertForQuestionAnswering>
void write_answerer(const std::filesystem::path& folder, const std::string& spiece) {
  Head::from_config(small_config(), {.backend = {.threads = 1}}).save_pretrained(folder);
  std::filesystem::copy_file(spiece, folder / "spiece.model",
                             std::filesystem::copy_options::overwrite_existing);
}

// A paragraph on what each of four people holds, and a question about each; in v2.0 also one about
// somebody who holds nothing.
inline std::string squad_file(bool version_2, int paragraphs = 4) {
  constexpr const char* kPeople[] = {"Ahab", "Queequeg", "Ishmael", "Starbuck"};
  constexpr const char* kThings[] = {"a harpoon", "a lamp", "an oar", "a rope", "a pipe"};
  std::string file = R"({"version": "made up", "data": [{"title": "things", "paragraphs": [)";
  for (int p = 0; p < paragraphs; ++p) {
    std::string context, qas;
    for (int i = 0; i < 4; ++i) {
      const std::string person = kPeople[(i + p) % 4], thing = kThings[(i * 2 + p) % 5];
      context += person + " holds ";
      qas += (i > 0 ? ", " : "") + (R"({"id": "q)" + std::to_string(p) + "-" + std::to_string(i)) +
             R"(", "question": "What does )" + person + R"( hold?", "answers": [{"text": ")" +
             thing + R"(", "answer_start": )" + std::to_string(context.size()) + "}]}";
      context += thing + ". ";
    }
    if (version_2)
      qas += R"(, {"id": "n)" + std::to_string(p) +
             R"(", "question": "What does Jonah hold?", "is_impossible": true, "answers": []})";
    file += (p > 0 ? ", " : "") + (R"({"context": ")" + context + R"(", "qas": [)" + qas + "]}");
  }
  return file + "]}]}";
}

}  // namespace albert::testing
