// Which label is which output of a model: the model's own names win, nothing is ever renumbered.
#include "albert/trainer/tasks/labels.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

using Names = std::vector<std::string>;

const Names kNli = {"entailment", "neutral", "contradiction"};

TaskLabels alike(const Names& names) {
  TaskLabels labels;
  for (const auto& name : names) labels.push_back({name, name});
  return labels;
}

Names outputs(const TaskLabels& data, const Names& model, bool trained = true) {
  return names_of(labels_of_outputs(data, {"folder", model, trained}));
}

TEST(Labels, ATrainedClassifierKeepsItsOwnNamesInItsOrder) {
  EXPECT_EQ(outputs(alike({"contradiction", "entailment", "neutral"}), kNli), kNli);
  EXPECT_EQ(outputs(alike({"neutral"}), kNli), kNli);
  const TaskLabels sentiment = parse_labels("0=negative,1=positive");
  EXPECT_EQ(outputs(sentiment, {"positive", "negative"}), (Names{"positive", "negative"}));
  const TaskLabels labels =
      labels_of_outputs(sentiment, {"folder", {"POSITIVE", "NEGATIVE"}, true});
  EXPECT_EQ(names_of(labels), (Names{"POSITIVE", "NEGATIVE"}));
  EXPECT_EQ(values_of(labels), (Names{"1", "0"}));
}

TEST(Labels, LabelsThatATrainedClassifierLacksAreNamed) {
  const Refusal r = refusal_of([] { outputs(alike({"neutral", "maybe", "never"}), kNli); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(
      r.says("found the labels maybe, never, wanted those of the trained classifier in "
             "folder: entailment, neutral, contradiction"))
      << r.what;
  EXPECT_TRUE(r.says("--fresh_classifier"));
  EXPECT_TRUE(r.says("--labels"));
  Names many;
  for (int i = 0; i < 12; ++i) many.push_back("l" + std::to_string(i));
  EXPECT_TRUE(refusal_of([&] { outputs(alike(many), kNli); }).says("l9 and 2 more"));
  EXPECT_TRUE(refusal_of([] { outputs(alike({"Neutral", "neutral"}), kNli); }).says("two labels"));
}

TEST(Labels, WithoutNamesOrTrainedWeightsTheDataDecides) {
  const Names defaults = {"LABEL_0", "LABEL_1"}, data = {"bad", "good"};
  EXPECT_EQ(outputs(alike(data), defaults), data);
  EXPECT_EQ(outputs(alike(data), defaults, false), data);
  EXPECT_EQ(outputs(alike(data), kNli, false), data);
  EXPECT_EQ(outputs(alike({"a", "b", "c"}), defaults, false), (Names{"a", "b", "c"}));
  const Refusal r = refusal_of([&] { outputs(alike({"a", "b", "c"}), defaults); });
  EXPECT_TRUE(r.says("found 3 labels, a, b, c, wanted the 2 of the trained classifier")) << r.what;
}

TEST(Labels, NumbersAreTheOutputsOfATrainedClassifierWithoutNames) {
  const Names three = {"LABEL_0", "LABEL_1", "LABEL_2"};
  EXPECT_EQ(outputs(alike({"0", "2"}), three), (Names{"0", "1", "2"}));
  EXPECT_EQ(outputs(alike({"LABEL_2", "LABEL_0"}), three), three);
  EXPECT_EQ(refusal_of([&] { outputs(alike({"0", "3"}), three); }).code, ErrorCode::kMismatch);
}

TEST(Labels, AreFoundInTheDataAscending) {
  EXPECT_EQ(values_of(labels_found({"b", "a", "b", "c"})), (Names{"a", "b", "c"}));
  EXPECT_EQ(values_of(labels_found({"10", "9", "2"})), (Names{"2", "9", "10"}));
  EXPECT_EQ(values_of(labels_found({"10", "9", "x"})), (Names{"10", "9", "x"}));
  EXPECT_EQ(values_of(labels_found({"-1", "1"})), (Names{"-1", "1"}));
}

TEST(Labels, AValueGoesBeforeANameAndANameBeforeItsOtherLetterCase) {
  const TaskLabels crossed = parse_labels("0=1,1=0,2=Up,3=up");
  EXPECT_EQ(find_label(crossed, "1"), 1U);
  EXPECT_EQ(find_label(crossed, "up"), 3U);
  EXPECT_EQ(find_label(crossed, "UP"), std::nullopt);
  EXPECT_EQ(find_label(parse_labels("0=Up"), "UP"), 0U);
}

TEST(Labels, AreParsedFromAnOption) {
  const TaskLabels labels = parse_labels("0=negative,1=positive,other");
  EXPECT_EQ(values_of(labels), (Names{"0", "1", "other"}));
  EXPECT_EQ(names_of(labels), (Names{"negative", "positive", "other"}));
  for (const char* odd : {"a,", ",a", "=a", "a=", "a,a", "0=a,1=a"})
    EXPECT_EQ(refusal_of([&] { parse_labels(odd); }).code, ErrorCode::kUsage) << odd;
}

}  // namespace
}  // namespace albert::testing
