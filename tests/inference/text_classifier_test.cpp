#include "albert/inference/text_classifier.h"

#include <cmath>
#include <limits>

#include "tests/support/classifiers.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class Classifiers : public ::testing::Test {
 protected:
  TextClassifier classifier(const ClassifierFolder& is, const TextClassifierOptions& options = {}) {
    write_classifier(folder.path(), is, kSpiece);
    return TextClassifier::from_pretrained(folder.path(), {.backend = {.threads = 1}}, options);
  }
  TemporaryFolder folder;
};

void expect_scores(const Classification& result, const std::vector<double>& scores) {
  ASSERT_EQ(result.scores.size(), scores.size());
  for (size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(result.scores[i], scores[i], 1e-7) << i;
}

TEST_F(Classifiers, ScoresAreWhatTheProblemTypeSays) {
  const std::vector<float> outputs = {-1, 2, 0.5F};
  const double sum = std::exp(-1.0) + std::exp(2.0) + std::exp(0.5);
  for (const char* type : {"", "single_label_classification"}) {
    const Classification r = classifier({outputs, {"a", "b", "c"}, type}).classify("a film");
    EXPECT_EQ(r.label, "b");
    EXPECT_EQ(r.score, r.scores[1]);
    expect_scores(r, {std::exp(-1.0) / sum, std::exp(2.0) / sum, std::exp(0.5) / sum});
  }
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const Classification alone =
      classifier({outputs, {}, "multi_label_classification"}).classify("a film", "a book");
  EXPECT_EQ(alone.label, "LABEL_1");
  expect_scores(alone, {sigmoid(-1), sigmoid(2), sigmoid(0.5)});
  expect_scores(classifier({outputs, {}, "regression"}).classify("a film"), {-1, 2, 0.5});
  // transformers' pipeline: one output is a probability unless the config says regression
  expect_scores(classifier({{-1}, {}, ""}).classify("a film"), {sigmoid(-1)});
  expect_scores(classifier({{-1}, {}, "regression"}).classify("a film"), {-1});
}

TEST_F(Classifiers, ResultsAreInTheOrderOfTheTexts) {
  auto three = classifier({{}, {"a", "b", "c"}}, {.batch_size = 2});
  std::vector<TextPair> texts;
  for (int i = 0; i < 9; ++i) {
    std::string text = "film";
    for (int j = 0; j < (i * 5) % 9; ++j) text += " number " + std::to_string(i + j);
    texts.push_back({text});
  }
  texts[4].pair = "and a book";
  const auto all = three.classify(texts);
  ASSERT_EQ(all.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const Classification one = texts[i].pair ? three.classify(texts[i].text, *texts[i].pair)
                                             : three.classify(texts[i].text);
    EXPECT_EQ(all[i].label, one.label) << i;
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(all[i].scores[c], one.scores[c], 1e-6) << i;
  }
  EXPECT_GT(std::abs(all[0].scores[0] - all[1].scores[0]), 1e-4) << "all texts are alike";
  EXPECT_TRUE(three.classify(std::span<const TextPair>()).empty());
}

TEST_F(Classifiers, ADoubledNameSwallowsNoScore) {
  auto doubled = classifier({{1, 3, 2}, {"a", "b", "a"}});
  EXPECT_EQ(doubled.classify("a film").scores.size(), 3U);
  EXPECT_EQ(doubled.labels(), (std::vector<std::string>{"a", "b", "a"}));
  ASSERT_FALSE(doubled.warnings().empty());
  EXPECT_EQ(doubled.warnings().back(), "id2label has the name \"a\" more than once");
}

TEST_F(Classifiers, OutputsThatAreNotFiniteAreAnError) {
  for (const float odd : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    auto damaged = classifier({{1, odd}, {}});
    const Refusal r = refusal_of([&] { damaged.classify("a film"); });
    EXPECT_EQ(r.code, ErrorCode::kMismatch);
    EXPECT_TRUE(r.says("not finite")) << r.what;
  }
}

TEST_F(Classifiers, SizesAreCheckedBeforeTheModelIsRead) {
  write_classifier(folder.path(), {{1, 2}}, kSpiece);
  write_bytes(folder / "model.safetensors", "damaged");
  const auto open = [&](const TextClassifierOptions& options) {
    return refusal_of([&] { TextClassifier::from_pretrained(folder.path(), {}, options); });
  };
  EXPECT_TRUE(open({.max_seq_length = 2}).says("max_seq_length 2: wanted 3 or more"));
  EXPECT_TRUE(open({.batch_size = 0}).says("batch_size 0: wanted 1 or more"));
}

}  // namespace
}  // namespace albert::testing
