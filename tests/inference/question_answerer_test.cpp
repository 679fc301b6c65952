#include "albert/inference/question_answerer.h"

#include "albert/tokenizer/utf8.h"
#include "tests/support/answerers.h"

namespace albert::testing {
namespace {

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class Answerers : public ::testing::Test {
 protected:
  Answerers() { write_answerer(folder.path(), kSpiece); }
  QuestionAnswerer answerer(const QuestionAnswererOptions& options = {}) const {
    return QuestionAnswerer::from_pretrained(folder.path(), {.backend = {.threads = 1}}, options);
  }
  static std::string long_context() {
    std::string text;
    for (int i = 0; i < 60; ++i)
      text += "The \u00C4rmel of number " + std::to_string(i) + " is red. ";
    return text;
  }
  TemporaryFolder folder;
};

constexpr WindowOptions kShort{.max_seq_length = 40, .doc_stride = 8, .max_query_length = 12};

TEST_F(Answerers, AnswersArePartsOfTheContextAtTheirOffsets) {
  auto model = answerer({.windows = kShort});
  const std::string context = long_context();
  const Answer answer = model.answer("What is red?", context);
  EXPECT_FALSE(answer.text.empty());
  EXPECT_EQ(answer.text, code_points(context, answer.begin, answer.end));
  EXPECT_GT(answer.score, 0);
  EXPECT_LE(answer.score, 1);
}

TEST_F(Answerers, BatchesChangeNoAnswer) {
  auto one = answerer({.windows = kShort, .batch_size = 1}),
       many = answerer({.windows = kShort, .batch_size = 7});
  std::vector<WindowedQuestion> questions;
  for (const char* question : {"What is red?", "Which number?", "Who is the \u00C4rmel of it?"})
    questions.push_back(
        many.windowed(question, std::make_shared<const std::string>(long_context())));
  questions.push_back(many.windowed("Who?", std::make_shared<const std::string>("Ann.")));
  const auto all = many.choose(questions);
  ASSERT_EQ(all.size(), 4U);
  for (size_t i = 0; i < questions.size(); ++i) {
    const auto alone = one.choose(std::span(&questions[i], 1)).front();
    EXPECT_EQ(all[i].answer.text, alone.answer.text);
    EXPECT_EQ(all[i].answer.start_logit, alone.answer.start_logit);
  }
  EXPECT_NE(all[0].answer.start_logit, all[1].answer.start_logit) << "all questions are alike";
  EXPECT_TRUE(many.choose({}).empty());
}

TEST_F(Answerers, NoAnswerIsAnEmptyText) {
  auto model =
      answerer({.search = {.version_2_with_negative = true, .null_score_diff_threshold = -1e9}});
  const Answer answer = model.answer("What is red?", "The sea is red.");
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(answer.end, 0);
  // nor is the word "empty", which stands for it in transformers' files
  EXPECT_EQ(answerer().answer("What?", "\u200B").text, "");
}

// A lone window and a full one, in batches of every size.
TEST_F(Answerers, GooglesHeadAnswersTheSameInAnyBatch) {
  write_answerer<AlbertForQuestionAnsweringBeamSearch>(folder.path(), kSpiece);
  const AnswerSearch search{.start_n_top = 4, .end_n_top = 3};
  auto one = answerer({.windows = kShort, .search = search, .batch_size = 1}),
       many = answerer({.windows = kShort, .search = search, .batch_size = 7});
  ASSERT_TRUE(std::holds_alternative<AlbertForQuestionAnsweringBeamSearch>(one.head()));
  std::vector<WindowedQuestion> questions;
  for (const std::string& context : {long_context(), std::string("Ann.")})
    questions.push_back(many.windowed("Who?", std::make_shared<const std::string>(context)));
  const auto all = many.choose(questions);
  for (size_t i = 0; i < questions.size(); ++i) {
    const auto alone = one.choose(std::span(&questions[i], 1)).front();
    ASSERT_EQ(all[i].n_best.size(), alone.n_best.size());
    EXPECT_LE(all[i].n_best.size(), 20U);
    for (size_t n = 0; n < alone.n_best.size(); ++n) {
      EXPECT_EQ(all[i].n_best[n].text, alone.n_best[n].text);
      EXPECT_EQ(all[i].n_best[n].end_logit, alone.n_best[n].end_logit);
    }
  }
  const AnswerCandidate& answer = all[1].answer;
  EXPECT_FALSE(answer.text.empty());
  EXPECT_EQ(answer.text, code_points("Ann.", answer.begin, answer.end));
}

TEST_F(Answerers, TextsWithoutWordsAndOtherHeadsAreRefused) {
  auto model = answerer();
  EXPECT_TRUE(refusal_of([&] { model.answer(" ", "a"); }).says("the question is empty"));
  EXPECT_TRUE(refusal_of([&] { model.answer("a", "\t"); }).says("the context is empty"));
  EXPECT_TRUE(refusal_of([&] { model.answer("a", "no\xFE"); }).says("byte 3 is not UTF-8"));
  EXPECT_EQ(refusal_of([&] { answerer({.batch_size = 0}); }).code, ErrorCode::kUsage);
  write_classifier(folder.path(), {{1, 2, 3}}, kSpiece);
  EXPECT_EQ(refusal_of([&] { answerer(); }).code, ErrorCode::kMismatch);
}

}  // namespace
}  // namespace albert::testing
