// What files of RACE and SWAG say, and where they are wrong.
#include "albert/trainer/tasks/choice/examples.h"

#include "albert/trainer/tasks/choice/scores.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

class ChoiceFiles : public ::testing::Test {
 protected:
  std::vector<ChoiceExample> examples_in(const std::string& path,
                                         const ChoiceSelection& selection = {}) {
    return read_choice_examples(folder / path, selection, declared);
  }
  std::vector<ChoiceExample> read(const std::string& path, const std::string& bytes,
                                  const ChoiceSelection& selection = {}) {
    write(path, bytes);
    declared = {};
    return examples_in(path, selection);
  }
  void write(const std::string& path, const std::string& bytes) const {
    std::filesystem::create_directories((folder / path).parent_path());
    write_bytes(folder / path, bytes);
  }
  // Every error says the place.
  void refuse(const std::string& path, const std::string& bytes, const std::string& why) {
    const Refusal r = refusal_of([&] { read(path, bytes); });
    EXPECT_EQ(r.code, ErrorCode::kBadData) << path << ": " << bytes;
    EXPECT_TRUE(r.says(path + ":" + why)) << r.what;
    EXPECT_EQ(r.what.find('\n'), std::string::npos);
  }
  // An article with two questions.
  static std::string article(const std::string& id, const std::string& answers = R"("B", "A")") {
    return R"({"article": "Ann saw Bob.", "id": ")" + id +
           R"(", "questions": ["Who was seen?", "_ saw Bob."], "options": [["Ann", "Bob"],
              ["Ann", "Bob"]], "answers": [)" +
           answers + "]}";
  }
  static std::string one_line(std::string text) {
    std::erase(text, '\n');
    return text;
  }
  TemporaryFolder folder;
  DeclaredChoices declared;
};

const std::string kHeader =
    ",video-id,fold-ind,startphrase,sent1,sent2,gold-source,ending0,ending1,ending2,ending3,label";

TEST_F(ChoiceFiles, AFolderOfRaceIsReadByLevelInTheOrderOfNames) {
  write("dev/high/2.txt", one_line(article("high2.txt")));
  write("dev/high/10.txt", one_line(article("high10.txt")));
  write("dev/high/notes.log", "no article");
  write("dev/middle/1.txt", one_line(article("middle1.txt")));
  const auto all = examples_in("dev");
  ASSERT_EQ(all.size(), 6U);
  EXPECT_TRUE(all[0].place.ends_with("dev/middle/1.txt:1: options[0]")) << all[0].place;
  EXPECT_TRUE(all[2].place.ends_with("dev/high/10.txt:1: options[0]")) << all[2].place;
  EXPECT_EQ(all[0].level, "middle");
  EXPECT_EQ(all[5].level, "high");
  EXPECT_EQ(all[0].label, 1);
  EXPECT_EQ(all[1].label, 0);
  EXPECT_TRUE(all[0].letters);
  EXPECT_EQ(all[0].question.context, all[1].question.context);
  EXPECT_NE(all[1].question.context, all[2].question.context);
  EXPECT_EQ(question_with(all[1].question, 1), "Bob saw Bob.");
  EXPECT_EQ(examples_in("dev", {.level = "middle"}).size(), 2U);
  EXPECT_EQ(examples_in("dev", {.level = "high"}).size(), 4U);
  EXPECT_EQ(examples_in("dev", {.most = 3}).size(), 3U);
  EXPECT_EQ(examples_in("dev/high").at(0).level, "high");
  // Google's scripts read one file with all articles.
  write("dev/high/all.txt", one_line(article("high2.txt")) + "\n\n" + one_line(article("high3")));
  EXPECT_TRUE(examples_in("dev/high").at(2).place.ends_with("all.txt:3: options[0]"));
  std::filesystem::remove_all(folder / "dev/middle");
  Refusal r = refusal_of([&] { examples_in("dev"); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_TRUE(r.says("dev/middle: no such folder; --level names the one that is there")) << r.what;
  std::filesystem::create_directories(folder / "empty");
  EXPECT_EQ(refusal_of([&] { examples_in("empty"); }).code, ErrorCode::kMissingInput);
  EXPECT_EQ(refusal_of([&] { examples_in("none"); }).code, ErrorCode::kMissingInput);
}

TEST_F(ChoiceFiles, SwagIsReadByTheNamesOfItsColumns) {
  const std::string row = "0,anet,1,x,\"He said, \"\"hm\"\".\",She _,gold,a,b,\"c, d\",e,2\n";
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"train.csv", kHeader + "\n" + row},
           {"train.json",
            R"({"ending0": "a", "ending1": "b", "ending2": "c, d", "ending3": "e", "label": 2,)"
            R"( "sent1": "He said, \"hm\".", "sent2": "She _"})"}}) {
    const auto examples = read(name, bytes);
    ASSERT_EQ(examples.size(), 1U);
    EXPECT_EQ(*examples[0].question.context, "He said, \"hm\".");
    EXPECT_EQ(question_with(examples[0].question, 2), "She _ c, d") << "run_swag fills no blanks";
    EXPECT_EQ(examples[0].label, 2);
    EXPECT_FALSE(examples[0].letters);
    EXPECT_EQ(examples[0].level, "");
  }
  EXPECT_EQ(read("five.tsv",
                 "sent1\tsent2\tending0\tending1\tending2\tending3\tending4\tlabel\n"
                 "a\tb\t1\t2\t3\t4\t5\tE\n")
                .at(0)
                .label,
            4);
  // A test file has no labels; one written by datasets has -1.
  const std::string test = "sent1,sent2,ending0,ending1\na,b,c,d\n";
  EXPECT_FALSE(read("test.csv", test, {.labelled = false}).at(0).label);
  EXPECT_FALSE(
      read("test.csv", "sent1,sent2,ending0,ending1,label\na,b,c,d,-1\n", {.labelled = false})
          .at(0)
          .label);
}

TEST_F(ChoiceFiles, LinesMayHoldAQuestionOrAnArticle) {
  const std::string flat =
      R"({"example_id": "high3.txt", "article": "Ann saw Bob.", "question": "Who is _ ?",)"
      R"( "options": ["Ann", "Bob"], "answer": "B"})";
  const auto examples =
      read("a.jsonl", one_line(article("middle7.txt")) + "\n" + flat + "\n" + flat + "\n" +
                          R"({"context": "c", "question": "", "choices": [1, "x"], "label": 0})");
  ASSERT_EQ(examples.size(), 5U);
  EXPECT_EQ(examples[0].level, "middle");
  EXPECT_EQ(examples[2].level, "high");
  EXPECT_EQ(examples[2].label, 1);
  EXPECT_TRUE(examples[2].letters);
  EXPECT_EQ(question_with(examples[2].question, 0), "Who is Ann ?");
  EXPECT_EQ(question_with(examples[4].question, 0), " 1");
  EXPECT_EQ(examples_in("a.jsonl", {.level = "high"}).size(), 2U);
  const Refusal r = refusal_of([&] {
    read("b.jsonl", R"({"context": "c", "question": "", "choices": [1, 2], "label": 0})",
         {.level = "high"});
  });
  EXPECT_TRUE(r.says("b.jsonl: no questions in it of the level high")) << r.what;
}

TEST_F(ChoiceFiles, WhatIsWrongWithATableIsTold) {
  const std::string row = "0,v,1,x,One,Two,gold,a,b,c,d,";
  const std::string good = kHeader + "\n" + row + "0\n";
  refuse("a.csv", good + row + "4\n",
         "3: \"label\": found \"4\", wanted one of A, B, C, D, or 0, 1, 2, 3");
  refuse("a.csv", good + row + "\n", "3: \"label\": found \"\", wanted one of A, B, C, D");
  refuse("a.csv", good + row + "-1\n", "3: found no label");
  refuse("a.csv", "sent1,sent2,ending0,ending1\na,b,c,d\n",
         "1: found the columns sent1, sent2, ending0, ending1, wanted label");
  refuse("a.csv", "sent1,ending0,ending1,label\na,b,c,0\n", "1: found the columns sent1, ending0");
  refuse("a.csv", "sent1,sent2,ending0,ending2,label\na,b,c,d,0\n", "1: found the columns");
  refuse("a.csv", good + "1,v,1,x, ,Two,gold,a,b,c,d,0\n",
         "3: \"sent1\": found an empty text, wanted one with words");
  refuse("a.csv", good + "1,v,1,x,\"One,Two,gold,a,b,c,d,0\n", "3:9: found no end of this quote");
  refuse("a.csv", good + "1,v,1,x,O\"ne,Two,gold,a,b,c,d,0\n", "3:10: found a quote within");
  refuse("a.csv", good + "1,v,1,x,On\xFF,Two,gold,a,b,c,d,0\n", "3: byte 11 is not UTF-8");
  refuse("a.csv", good + "1,v,1,x,One,Two,gold,a,b,c,d,e,f,g,h,i,j,0\n",
         "3: found 18 columns, wanted 12 as in the header");
  refuse("a.csv", kHeader + "\n", " no questions in it");
  refuse("a.csv", "id,sent1,sent2,ending0,ending1,label\n7,a,b,c,d,0\n7,a,b,c,d,0\n",
         "3: found the id \"7\" again, wanted each once; it is also in ");
}

TEST_F(ChoiceFiles, WhatIsWrongWithAnArticleIsTold) {
  const std::string good = one_line(article("high1.txt")) + "\n";
  refuse("a.txt", good + good, "2: found the id \"high1.txt\" again, wanted each once; it is also");
  refuse("a.txt", good + one_line(article("2", R"("B", "C")")),
         "2: answers[1]: found \"C\", wanted one of A, B, or 0, 1, one of the options");
  refuse("a.txt", good + one_line(article("2", R"("B")")),
         "2: answers: found 1 items, wanted 2, one for each of the questions");
  refuse("a.txt", R"({"article": " ", "questions": [], "options": [], "answers": []})",
         "1: article: found an empty text, wanted one with words");
  refuse("a.txt", R"({"article": "a", "options": [], "answers": []})", "1: questions: is missing");
  refuse("a.txt",
         R"({"article": "a", "questions": ["b"], "options": [["c", 7]], "answers": ["A"]})",
         "1: options[0][1]: found the number 7, wanted a string");
  refuse("a.txt", R"({"article": "a", "questions": ["b"], "options": [["c"]], "answers": ["A"]})",
         "1: options[0]: found 1 options, wanted 2 or more");
  refuse("a.txt", R"({"article": "a", "questions": ["b"], "options": [["c", "d"]]})",
         "1: answers: is missing");
  refuse("a.txt", "{\"article\": \"a\xFF\"}", "1:15: ");
  refuse("a.txt", good + "{\"article\": ", "2:");
  refuse("a.txt", "[]", "1: found a list, wanted an object");
  refuse("a.jsonl", R"({"context": "a", "question": "b", "options": "c, d", "label": 0})",
         "1: \"options\": found \"c, d\", wanted a list of strings or numbers");
  refuse("a.jsonl", R"({"context": "a", "options": ["c", "d"], "label": 0})",
         "1: found \"context\", \"label\", \"options\", wanted \"question\"");
}

TEST_F(ChoiceFiles, AllQuestionsHaveTheDeclaredNumberOfOptions) {
  const std::string ten = R"({"article": "a", "questions": ["b"], "answers": ["J"], "options":)"
                          R"( [["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]]})";
  EXPECT_EQ(read("ten.jsonl", ten).at(0).label, 9);
  const std::string four =
      R"({"context": "a", "question": "b", "options": ["1", "2", "3", "4"], "label": 3})";
  refuse("a.jsonl", four + "\n" + ten,
         "2: options[0]: found 10 options, wanted 4 as in " + (folder / "a.jsonl").string() + ":1");
  // And those of the training data hold for what is evaluated.
  declared = {};
  write("train.jsonl", four);
  write("dev.jsonl", ten);
  examples_in("train.jsonl");
  EXPECT_TRUE(
      refusal_of([&] { examples_in("dev.jsonl"); }).says("found 10 options, wanted 4 as in "));
}

TEST(ChoiceScores, AccuracyIsOfAllQuestionsAndOfEachLevel) {
  const std::vector<int64_t> predicted = {0, 1, 2, 3, 0}, right = {0, 1, 0, 0, 0};
  const Metrics scores =
      choice_scores(predicted, right, {"high", "middle", "high", "high", "middle"});
  EXPECT_EQ(scores.at("accuracy"), 3.0 / 5);
  EXPECT_EQ(scores.at("accuracy_middle"), 1.0);
  EXPECT_EQ(scores.at("accuracy_high"), 1.0 / 3);
  EXPECT_EQ(choice_scores(predicted, right, std::vector<std::string>(5)).values().size(), 1U);
}

}  // namespace
}  // namespace albert::testing
