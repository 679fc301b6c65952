// What a file of SQuAD says, and where it is wrong.
#include "albert/trainer/tasks/span/squad_file.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

class SquadFile : public ::testing::Test {
 protected:
  std::vector<SquadQuestion> read(const std::string& text,
                                  AnswerStarts starts = AnswerStarts::kChecked, int64_t most = 0) {
    write_bytes(folder / "a.json", text);
    return read_squad(folder / "a.json", starts, most);
  }
  // A file with one paragraph.
  static std::string file(const std::string& qas, const std::string& context = "Ann saw Bob.") {
    return R"({"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": ")" + context +
           R"(", "qas": [)" + qas + "]}]}]}";
  }
  static std::string qa(const std::string& id, const std::string& answers) {
    return R"({"id": ")" + id + R"(", "question": "Who?", "answers": [)" + answers + "]}";
  }
  void refuse(const std::string& text, const std::string& why) {
    const Refusal r = refusal_of([&] { read(text); });
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_TRUE(r.says("a.json: " + why)) << r.what;
  }
  TemporaryFolder folder;
};

const std::string kBob = R"({"text": "Bob", "answer_start": 8})";
const std::string kPlace = "data[0].paragraphs[0].qas[0]";

TEST_F(SquadFile, QuestionsShareTheContextAndKeepTheirOrder) {
  const auto questions = read(file(qa("1", kBob + "," + R"({"text": "Ann", "answer_start": 0})") +
                                   "," + qa("2", "") + R"(,{"id": "3", "question": "Why?"})"));
  ASSERT_EQ(questions.size(), 3U);
  EXPECT_EQ(questions[0].answers[1].text, "Ann");
  EXPECT_EQ(questions[0].answers[0].start, 8);
  EXPECT_EQ(questions[0].context, questions[2].context);
  EXPECT_TRUE(questions[1].labelled);
  EXPECT_FALSE(questions[2].labelled);
  EXPECT_EQ(read(file(qa("1", "") + "," + qa("2", "")), AnswerStarts::kChecked, 1).size(), 1U);
}

TEST_F(SquadFile, OffsetsCountCharacters) {
  const std::string answer = R"({"text": "Bob", "answer_start": 9})";
  EXPECT_EQ(read(file(qa("1", answer), "\u00C4nn saw\u00A0 Bob."))[0].answers[0].start, 9);
}

TEST_F(SquadFile, AnAnswerThatIsNotAtItsOffsetIsRefusedUnlessOffsetsDoNotMatter) {
  for (const char* start : {"7", "-1", "9", "1000"}) {
    const std::string text =
        file(qa("1", R"({"text": "Bob", "answer_start": )" + std::string(start) + "}"));
    refuse(text, kPlace + ".answers[0].answer_start: found " + start + ", where");
    EXPECT_EQ(read(text, AnswerStarts::kIgnored).size(), 1U);
  }
  refuse(file(qa("1", R"({"text": "Bob."})")), kPlace + ".answers[0].answer_start: is missing");
  refuse(file(qa("1", R"({"text": "Bob", "answer_start": "8"})")),
         kPlace + ".answers[0].answer_sta");
}

TEST_F(SquadFile, WhatIsMissingEmptyOrDoubledIsNamed) {
  EXPECT_TRUE(refusal_of([&] { read("{"); }).says("a.json:1:2: "));
  refuse("[]", "found a list, wanted an object");
  refuse(R"({"data": []})", "no questions in it");
  refuse(R"({"data": [{"title": "t"}]})", "data[0].paragraphs: is missing");
  refuse(file(qa("1", kBob), " \\t\u3000"), "data[0].paragraphs[0].context: found an empty text");
  refuse(file(R"({"id": "1", "question": " "})"), kPlace + ".question: found an empty text");
  refuse(file(R"({"question": "Who?"})"), kPlace + ".id: is missing");
  refuse(file(R"({"id": 1, "question": "Who?"})"), kPlace + ".id: found the number 1");
  refuse(file(qa("1", R"({"text": "", "answer_start": 0})")),
         kPlace + ".answers[0].text: found an");
  refuse(file(qa("1", kBob) + "," + qa("1", kBob)),
         "data[0].paragraphs[0].qas[1].id: found \"1\" again, wanted each id once");
  refuse(
      file(R"({"id": "1", "question": "Who?", "is_impossible": true, "answers": [)" + kBob + "]}"),
      kPlace + ".is_impossible: found true beside answers");
}

TEST_F(SquadFile, Version1NeedsAnAnswerToEveryQuestion) {
  const auto questions = read(file(qa("1", kBob) + "," + qa("2", "")));
  const Refusal r = refusal_of([&] { require_answers(questions); });
  EXPECT_TRUE(r.says("qas[1]: found no answers, wanted one or more")) << r.what;
}

}  // namespace
}  // namespace albert::testing
