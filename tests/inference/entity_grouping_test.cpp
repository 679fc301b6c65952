// From outputs for tokens to entities: what transformers' token-classification pipeline gives for
// the same outputs.
#include "albert/inference/entity_grouping.h"

#include <cmath>
#include <limits>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

using Names = std::vector<std::string>;
const Names kLabels = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};

// A text of tokens of four letters; those that begin a word stand behind a blank. `outputs` are
// probabilities.
struct Given {
  WindowedText text;
  TokenLogits logits;

  void add(bool starts_word, const std::vector<double>& probabilities) {
    if (starts_word && !text.text.empty()) text.text += ' ';
    const auto begin = static_cast<int64_t>(text.text.size());
    text.text += "abcd";
    text.tokens.push_back({begin, begin + 4, -1, starts_word});
    logits.labels = probabilities.size();
    for (const double p : probabilities) logits.values.push_back(static_cast<float>(std::log(p)));
  }
  // The label with this probability, the others alike.
  void add(bool starts_word, size_t label, double probability) {
    std::vector<double> all(kLabels.size(), (1 - probability) / 4);
    all[label] = probability;
    add(starts_word, all);
  }
};

std::string shown(const Given& given, Aggregation aggregation, const Names& labels = kLabels) {
  std::string text;
  for (const Entity& e : group_entities(given.text, given.logits, labels, aggregation).entities) {
    char score[16];
    std::snprintf(score, sizeof score, "%.2f", e.score);
    text += (text.empty() ? "" : ", ") + e.label + " " + score + " " + std::to_string(e.begin) +
            "-" + std::to_string(e.end);
  }
  return text;
}

// The words abcdabcd and abcd are a person, abcd is nothing, abcdabcd and abcd are two places.
Given people() {
  Given given;
  given.add(true, 1, 0.9);
  given.add(false, 3, 0.8);  // disagrees with its word
  given.add(true, 2, 0.7);
  given.add(true, 0, 0.9);
  given.add(true, 3, 0.6);
  given.add(false, 4, 0.5);
  given.add(true, 3, 0.8);
  return given;
}

TEST(EntityGrouping, FollowsThePipelinesStrategies) {
  const Given given = people();
  EXPECT_EQ(shown(given, Aggregation::kNone),
            "B-PER 0.90 0-4, B-LOC 0.80 4-8, I-PER 0.70 9-13, B-LOC 0.60 19-23, I-LOC 0.50 "
            "23-27, B-LOC 0.80 28-32");
  EXPECT_EQ(shown(given, Aggregation::kSimple),
            "PER 0.90 0-4, LOC 0.80 4-8, PER 0.70 9-13, LOC 0.55 19-27, LOC 0.80 28-32");
  EXPECT_EQ(shown(given, Aggregation::kFirst), "PER 0.80 0-13, LOC 0.60 19-27, LOC 0.80 28-32");
  EXPECT_EQ(shown(given, Aggregation::kMax), "PER 0.80 0-13, LOC 0.60 19-27, LOC 0.80 28-32");
  // (0.9 + 0.05) / 2 against (0.025 + 0.8) / 2
  EXPECT_EQ(shown(given, Aggregation::kAverage), "PER 0.59 0-13, LOC 0.36 19-27, LOC 0.80 28-32");
}

TEST(EntityGrouping, TheSurestTokenOfAWordDecidesUnderMaxAlone) {
  Given given;
  given.add(true, 1, 0.5);
  given.add(false, 3, 0.95);
  EXPECT_EQ(shown(given, Aggregation::kFirst), "PER 0.50 0-8");
  EXPECT_EQ(shown(given, Aggregation::kMax), "LOC 0.95 0-8");
  EXPECT_EQ(shown(given, Aggregation::kAverage), "LOC 0.54 0-8");
}

TEST(EntityGrouping, ReadsOtherSchemesAndLabelsWithoutOne) {
  Given given;
  for (const size_t label : {1U, 2U, 3U, 3U, 4U}) given.add(true, label, 0.9);
  // two words of one place, two single places
  EXPECT_EQ(shown(given, Aggregation::kFirst, {"O", "B-X", "E-X", "S-X", "B-Y"}),
            "X 0.90 0-9, X 0.90 10-14, X 0.90 15-19, Y 0.90 20-24");
  EXPECT_EQ(shown(given, Aggregation::kFirst, {"O", "NOUN", "NOUN-2", "VERB", "S-1"}),
            "NOUN 0.90 0-4, NOUN-2 0.90 5-9, VERB 0.90 10-19, S-1 0.90 20-24");
  // IOB1: I- begins an entity
  EXPECT_EQ(shown(given, Aggregation::kSimple, {"O", "I-X", "I-X", "B-X", "I-X"}),
            "X 0.90 0-9, X 0.90 10-14, X 0.90 15-24");
}

TEST(EntityGrouping, WordsThatAreGivenHaveALabelEach) {
  Given given;
  for (const size_t label : {1U, 3U, 2U}) given.add(true, label, 0.9);
  given.text.words = 4;
  given.text.tokens[0].word = given.text.tokens[1].word = 0;
  given.text.tokens[2].word = 3;
  const auto labels = [&](Aggregation aggregation, const Names& names = kLabels) {
    return group_entities(given.text, given.logits, names, aggregation).labels;
  };
  EXPECT_EQ(labels(Aggregation::kFirst), (Names{"B-PER", "O", "O", "I-PER"}));
  EXPECT_EQ(labels(Aggregation::kNone), (Names{"B-PER", "O", "O", "I-PER"}));
  EXPECT_EQ(labels(Aggregation::kFirst, {"D", "N", "V", "A", "P"}), (Names{"N", "D", "D", "V"}));
}

TEST(EntityGrouping, LeavesOutWhiteSpaceAroundAnEntity) {
  Given given;
  given.add(true, 1, 0.9);
  given.text.text = " \u00C4g\u00A0\n";
  given.text.tokens[0].end = 5;
  const auto entities =
      group_entities(given.text, given.logits, kLabels, Aggregation::kFirst).entities;
  ASSERT_EQ(entities.size(), 1U);
  EXPECT_EQ(entities[0].text, "\u00C4g");
  EXPECT_EQ(entities[0].begin, 1);
  EXPECT_EQ(entities[0].end, 3);
}

TEST(EntityGrouping, OutputsThatAreNotFiniteAndUnknownStrategiesAreRefused) {
  Given given = people();
  given.logits.values[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(refusal_of([&] { shown(given, Aggregation::kFirst); }).code, ErrorCode::kMismatch);
  EXPECT_EQ(aggregation_named("average"), Aggregation::kAverage);
  EXPECT_TRUE(refusal_of([] {
                aggregation_named("mean");
              }).says("mean: wanted one of none, simple, first, average, max"));
}

}  // namespace
}  // namespace albert::testing
