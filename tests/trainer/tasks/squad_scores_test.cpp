// The scores of SQuAD's official scripts; the expected numbers come from those scripts.
#include "albert/trainer/tasks/span/scores.h"

#include <gtest/gtest.h>

#include "albert/trainer/tasks/span/details.h"
#include "albert/trainer/tasks/span/reports.h"

namespace albert::testing {
namespace {

constexpr auto k1 = SquadVersion::k1, k2 = SquadVersion::k2;

TEST(SquadScores, NormaliseAsTheScriptsDo) {
  EXPECT_EQ(normalized_answer("The  Denver-Broncos!"), "denverbroncos");
  EXPECT_EQ(normalized_answer("a man, an ape and the theory of A"), "man ape and theory of");
  EXPECT_EQ(normalized_answer("a.the"), "athe");
  EXPECT_EQ(normalized_answer("the_end the\tend"), "theend end");
  // word characters are Unicode's, so that an article beside one stays; punctuation is ASCII's
  EXPECT_EQ(normalized_answer("a\u00E9 \u00E9the a\u2013the\u00BD a\u2019"),
            "a\u00E9 \u00E9the \u2013the\u00BD \u2019");
  EXPECT_EQ(normalized_answer("\u00A0x\u3000 a\u0301 y"), "x \u0301 y");
  EXPECT_EQ(normalized_answer("\u03A3\u039F\u03A6\u039F\u03A3 \u0130"),
            "\u03C3\u03BF\u03C6\u03BF\u03C2 i\u0307");
  // Roman numerals and circled letters are cased, so that a sigma behind one may end a word
  EXPECT_EQ(normalized_answer("\u2160\u03A3 \u24B6\u03A3 \u03A3\u2160"),
            "\u2170\u03C2 \u24D0\u03C2 \u03C3\u2170");
  EXPECT_EQ(normalized_answer("\u00A342, \u201Cyes\u201D"), "\u00A342 \u201Cyes\u201D");
  EXPECT_EQ(normalized_answer("the"), "");
  EXPECT_EQ(normalized_answer(""), "");
}

TEST(SquadScores, TheBestOfSeveralAnswersCounts) {
  const AnswerScore s = score_answer("the big red dog", {"cat", "red dog", "big dog house"}, k1);
  EXPECT_EQ(s.exact, 0);
  EXPECT_EQ(s.f1, (2 * (2.0 / 3) * 1) / (2.0 / 3 + 1));
  EXPECT_EQ(score_answer("Red dog.", {"cat", "the red dog"}, k1).exact, 1);
  // words count as often as they are there
  EXPECT_EQ(score_answer("x x y", {"x z"}, k1).f1, (2 * (1.0 / 3) * 0.5) / (1.0 / 3 + 0.5));
  EXPECT_EQ(score_answer("x y", {"x x z"}, k1).f1, (2 * 0.5 * (1.0 / 3)) / (0.5 + 1.0 / 3));
  EXPECT_EQ(score_answer("dog", {"cat"}, k1).f1, 0);
}

TEST(SquadScores, EmptyAnswersDifferBetweenTheVersions) {
  EXPECT_EQ(score_answer("the", {"a"}, k1).exact, 1);
  EXPECT_EQ(score_answer("the", {"a"}, k1).f1, 0);
  EXPECT_EQ(score_answer("the", {}, k2).f1, 1);
  EXPECT_EQ(score_answer("", {}, k2).exact, 1);
  EXPECT_EQ(score_answer("dog", {}, k2).f1, 0);
  // v2.0 leaves out right answers of which nothing stays
  EXPECT_EQ(score_answer("", {"the", "dog"}, k2).exact, 0);
  EXPECT_EQ(score_answer("", {"the"}, k2).exact, 1);
}

std::vector<ScoredAnswer> four() {
  return {{.score = {1, 1}, .has_answer = true, .empty = false, .no_answer_score = 0.1},
          {.score = {0, 0.5}, .has_answer = true, .empty = false, .no_answer_score = 2},
          {.score = {0, 0}, .has_answer = false, .empty = false, .no_answer_score = 0.3},
          {.score = {1, 1}, .has_answer = false, .empty = true, .no_answer_score = 0.2}};
}

TEST(SquadScores, MeansAreOverAllAndOverThoseWithAndWithoutAnswers) {
  auto answers = four();
  for (ScoredAnswer& answer : answers) answer.no_answer_score = 0;
  const SquadScores v1 = squad_scores(answers, k1), v2 = squad_scores(answers, k2);
  EXPECT_EQ(v1.all.exact, 50);
  EXPECT_EQ(v1.all.f1, 62.5);
  EXPECT_FALSE(v1.has_answer);
  EXPECT_EQ(v2.all.total, 4);
  EXPECT_EQ(v2.has_answer->f1, 75);
  EXPECT_EQ(v2.no_answer->exact, 50);
  answers.resize(2);
  EXPECT_FALSE(squad_scores(answers, k2).no_answer);
}

TEST(SquadScores, AnAnswerAboveTheThresholdCountsAsNone) {
  const SquadScores s = squad_scores(four(), k2);
  EXPECT_EQ(s.all.f1, 50);
  EXPECT_EQ(s.has_answer->f1, 50);
  EXPECT_EQ(squad_scores(four(), k2, 0.25).no_answer->exact, 100);
  EXPECT_EQ(squad_scores(four(), k2, 0.3).no_answer->exact, 50) << "not above";
}

TEST(SquadScores, TheBestThresholdAnswersThoseBelowIt) {
  // nothing answered: 2 of 4; with the first 3; the fourth is empty, the third costs 1; the second
  // adds 0 or 0.5
  const BestScores best = best_scores(four());
  EXPECT_EQ(best.exact, 75);
  EXPECT_EQ(best.exact_threshold, 0.1);
  EXPECT_EQ(best.f1, 75);
  auto answers = four();
  answers[2].empty = true;
  EXPECT_EQ(best_scores(answers).f1, 87.5);
  EXPECT_EQ(best_scores(answers).f1_threshold, 2);
  for (ScoredAnswer& answer : answers) answer.has_answer = false;
  EXPECT_EQ(best_scores(answers).exact_threshold, 0);
}

TEST(SquadScores, EqualScoresAreTakenInTheOrderOfTheirFile) {
  // Between the two the sum is higher than behind both.
  std::vector<ScoredAnswer> answers = {
      {.score = {0, 0}, .has_answer = false, .no_answer_score = 0.5, .no_answer_place = 1},
      {.score = {1, 1}, .has_answer = true, .no_answer_score = 0.5, .no_answer_place = 0}};
  EXPECT_EQ(best_scores(answers).exact, 100);
  std::swap(answers[0].no_answer_place, answers[1].no_answer_place);
  EXPECT_EQ(best_scores(answers).exact, 50);
}

TEST(SpanDetails, GroupQuestionsByAnswerAndByWord) {
  const auto context = std::make_shared<const std::string>("c");
  const auto question = [&](const std::string& text, const std::string& answer) {
    SquadQuestion q{.place = "", .id = text, .question = text, .context = context};
    if (!answer.empty()) q.answers = {{answer, 0}};
    return q;
  };
  const std::vector<SquadQuestion> questions = {
      question("In what year?", "in 1066"), question("Who is it?", "Ahab"),
      question("What's that?", "a very long tall ship"), question("Name it.", "")};
  const std::vector<std::string> predicted = {"1066", "Starbuck", "a long ship", ""};
  const auto scored = scored_answers(questions, predicted, SquadVersion::k2);
  const auto tables = span_details(questions, predicted, scored).tables;
  ASSERT_EQ(tables.size(), 4U);
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(tables[0].rows, (Rows{{"number or date", "1", "0.0", "66.7"},
                                  {"name", "1", "0.0", "0.0"},
                                  {"other words", "1", "0.0", "66.7"},
                                  {"no answer", "1", "100.0", "100.0"}}));
  EXPECT_EQ(tables[1].rows[2], (std::vector<std::string>{"3 to 5", "1", "0.0", "66.7"}));
  EXPECT_EQ(tables[2].rows, (Rows{{"what", "2", "0.0", "66.7"},
                                  {"who", "1", "0.0", "0.0"},
                                  {"none of these", "1", "100.0", "100.0"}}));
  EXPECT_EQ(tables[3].rows[0], (std::vector<std::string>{"Who is it?", "Ahab", "Starbuck", "0.0"}));
}

}  // namespace
}  // namespace albert::testing
