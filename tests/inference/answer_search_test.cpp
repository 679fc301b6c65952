// Which answer is chosen from the outputs of windows: what transformers' postprocessing gives.
#include "albert/inference/answer_search.h"

#include <cmath>
#include <limits>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

const std::string kContext = "one two three four";

// [CLS] q [SEP] and then words of the context, as many as there are offsets.
AnswerWindow window(std::vector<std::pair<int64_t, int64_t>> offsets) {
  AnswerWindow w;
  w.first = 3;
  w.offsets = std::move(offsets);
  w.has_max_context.assign(w.offsets.size(), true);
  w.input_ids.resize(w.offsets.size() + 4);
  return w;
}
const std::vector<AnswerWindow> kTwo = {window({{0, 3}, {4, 7}, {8, 13}}),
                                        window({{8, 13}, {14, 18}})};

std::vector<std::string> texts(const AnswerChoice& choice) {
  std::vector<std::string> all;
  for (const AnswerCandidate& candidate : choice.n_best) all.push_back(candidate.text);
  return all;
}

AnswerChoice choose(const std::vector<SpanLogits>& logits, const AnswerSearch& search = {}) {
  return choose_answer(kContext, kTwo, logits, search);
}

// Of the two windows; question and special tokens score highest and never count.
const std::vector<SpanLogits> kLogits = {
    {{1, 9, 9, 2, 4, 0, 9}, {0, 9, 9, 1, 3, 5, 9}},
    {{2, 9, 9, 1, 3, 9}, {1, 9, 9, 0, 4, 9}},
};

TEST(AnswerSearch, TheBestPairOfAllWindowsWins) {
  const AnswerChoice choice = choose(kLogits, {.n_best_size = 6});
  EXPECT_EQ(choice.answer.text, "two three");
  EXPECT_EQ(choice.answer.begin, 4);
  EXPECT_EQ(choice.answer.end, 13);
  EXPECT_EQ(choice.answer.start_logit, 4);
  EXPECT_EQ(choice.answer.end_logit, 5);
  EXPECT_EQ(texts(choice), (std::vector<std::string>{"two three", "two", "one two three", "four",
                                                     "one two", "three four"}));
  double sum = 0;
  for (const AnswerCandidate& candidate : choice.n_best) sum += candidate.probability;
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_NEAR(choice.n_best[1].probability / choice.answer.probability, std::exp(-2), 1e-12);
  EXPECT_FALSE(choice.null_score_diff);
}

TEST(AnswerSearch, LongAnswersAreLeftOut) {
  EXPECT_EQ(choose(kLogits, {.max_answer_length = 1}).answer.text, "two");
}

TEST(AnswerSearch, OnlyTheLikeliestStartsAndEndsOfAWindowArePaired) {
  // Both of the first window are outside of the context, as are those of the second.
  const AnswerChoice none = choose(kLogits, {.n_best_size = 2});
  EXPECT_EQ(texts(none), (std::vector<std::string>{"empty"}));
  EXPECT_EQ(none.answer.end, 0);
  EXPECT_EQ(none.answer.probability, 1);
}

TEST(AnswerSearch, OfEqualOutputsTheLaterTokenIsTakenFirst) {
  const std::vector<SpanLogits> flat = {{std::vector<float>(7), std::vector<float>(7)},
                                        {std::vector<float>(6), std::vector<float>(6)}};
  EXPECT_EQ(texts(choose(flat, {.n_best_size = 3})),
            (std::vector<std::string>{"three", "two three", "two"}));
}

TEST(AnswerSearch, NoAnswerIsChosenByItsLeastSureWindowAndTheThreshold) {
  AnswerSearch search{.n_best_size = 20, .version_2_with_negative = true};
  AnswerChoice choice = choose(kLogits, search);
  EXPECT_EQ(choice.null_score_diff, 1 - 9);
  EXPECT_EQ(choice.answer.text, "two three");
  search.null_score_diff_threshold = -8;
  EXPECT_EQ(choose(kLogits, search).answer.text, "two three") << "not above";
  search.null_score_diff_threshold = -8.5;
  choice = choose(kLogits, search);
  EXPECT_EQ(choice.answer.text, "");
  EXPECT_EQ(choice.answer.start_logit, 1);
  EXPECT_GT(choice.answer.probability, 0);
  // It is a candidate even where enough others are better.
  EXPECT_EQ(texts(choose(kLogits, {.n_best_size = 5, .version_2_with_negative = true})).back(), "");
}

TEST(AnswerSearch, WhereNoCandidateHasATextThereIsNoAnswer) {
  const std::vector<AnswerWindow> blank = {window({{3, 3}})};
  const std::vector<SpanLogits> logits = {{{0, 0, 0, 5, 0}, {0, 0, 0, 5, 0}}};
  const AnswerChoice choice =
      choose_answer(kContext, blank, logits, {.version_2_with_negative = true});
  EXPECT_EQ(texts(choice), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(choice.answer.text, "");
  EXPECT_EQ(choice.null_score_diff, 0);
}

TEST(AnswerSearch, AnswersMayBeginOnlyWhereTheirTokenHasItsMostContext) {
  std::vector<AnswerWindow> windows = kTwo;
  windows[0].has_max_context = {true, false, true};
  EXPECT_EQ(choose_answer(kContext, windows, kLogits, {.max_context_only = true}).answer.text,
            "one two three");
  EXPECT_EQ(choose_answer(kContext, windows, kLogits, {}).answer.text, "two three");
}

// Of the two windows, by Google's head: log-probabilities that f32 adds without rounding.
const std::vector<SpanBeam> kBeams = {
    {{{{-0.5F, 4}, {{-0.25F, 5}, {-2, 4}, {-3, 3}}}, {{-1, 1}, {{-0.125F, 4}}}}, -1},
    {{{{-0.75F, 4}, {{-0.5F, 4}}}, {{-4, 0}, {{-0.5F, 0}}}}, 3}};

TEST(BeamSearch, PairsOfStartsAndTheirEndsAreTheCandidates) {
  const AnswerChoice choice = choose_answer(kContext, kTwo, kBeams, {});
  EXPECT_EQ(texts(choice), (std::vector<std::string>{"two three", "four", "two"}));
  EXPECT_EQ(choice.answer.start_logit, -0.5F);
  EXPECT_EQ(choice.answer.end_logit, -0.25F);
  EXPECT_NEAR(choice.n_best[1].probability / choice.answer.probability, std::exp(-0.5), 1e-12);
  EXPECT_FALSE(choice.null_score_diff);
  EXPECT_EQ(texts(choose_answer(kContext, kTwo, kBeams, {.n_best_size = 1})).size(), 1U);
  EXPECT_EQ(choose_answer(kContext, kTwo, kBeams, {.max_answer_length = 1}).answer.text, "four");
  std::vector<AnswerWindow> windows = kTwo;
  windows[0].has_max_context = {true, false, true};
  EXPECT_EQ(texts(choose_answer(kContext, windows, kBeams, {.max_context_only = true})),
            std::vector<std::string>{"four"});
}

TEST(BeamSearch, TheLowestLogitOfAWindowDecidesThatThereIsNoAnswer) {
  AnswerSearch search{.version_2_with_negative = true};
  AnswerChoice choice = choose_answer(kContext, kTwo, kBeams, search);
  EXPECT_EQ(choice.null_score_diff, -1);
  EXPECT_EQ(choice.answer.text, "two three");
  search.null_score_diff_threshold = -1;  // as Google's script: an answer only below it
  choice = choose_answer(kContext, kTwo, kBeams, search);
  EXPECT_EQ(choice.answer.text, "");
  EXPECT_EQ(choice.answer.end, 0);
  EXPECT_NEAR(choice.answer.probability, 1 / (1 + std::exp(1)), 1e-12);
  EXPECT_EQ(choice.unthresholded, "two three");
  EXPECT_EQ(texts(choice).size(), 3U) << "it is no candidate";
}

TEST(BeamSearch, WhereNothingMayBeAnAnswerTheTextIsEmpty) {
  const std::vector<SpanBeam> nothing = {{{}, 1}, {{{{0, 0}, {{0, 0}}}}, 2}};
  const AnswerChoice choice = choose_answer(kContext, kTwo, nothing, {});
  EXPECT_EQ(texts(choice), std::vector<std::string>{""});
  EXPECT_EQ(choice.answer.start_logit, -1e-6F);
  auto odd = kBeams;
  odd[1].cls_logit = std::nanf("");
  EXPECT_EQ(refusal_of([&] { choose_answer(kContext, kTwo, odd, {}); }).code, ErrorCode::kMismatch);
  EXPECT_EQ(refusal_of([&] { choose_answer(kContext, kTwo, kBeams, {.end_n_top = 0}); }).code,
            ErrorCode::kUsage);
}

TEST(AnswerSearch, OutputsThatAreNotFiniteAreAnError) {
  for (const float odd : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    auto logits = kLogits;
    logits[1].end[4] = odd;
    EXPECT_EQ(refusal_of([&] { choose(logits); }).code, ErrorCode::kMismatch);
  }
  EXPECT_EQ(refusal_of([] { choose(kLogits, {.n_best_size = 0}); }).code, ErrorCode::kUsage);
  EXPECT_EQ(refusal_of([] { choose(kLogits, {.max_answer_length = 0}); }).code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace albert::testing
