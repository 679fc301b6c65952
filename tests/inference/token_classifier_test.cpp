#include "albert/inference/token_classifier.h"

#include "albert/tokenizer/utf8.h"
#include "tests/support/taggers.h"

namespace albert::testing {
namespace {

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
const std::vector<std::string> kLabels = {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"};

class TokenClassifiers : public ::testing::Test {
 protected:
  TokenClassifiers() { write_tagger(folder.path(), kSpiece, kLabels); }
  TokenClassifier classifier(const TokenClassifierOptions& options = {}) const {
    return TokenClassifier::from_pretrained(folder.path(), {.backend = {.threads = 1}}, options);
  }
  static std::vector<std::string> words(size_t count) {
    std::vector<std::string> words;
    for (size_t i = 0; i < count; ++i)
      words.push_back(i % 5 == 3 ? "Nantucketer" : "\u00C4rmel" + std::to_string(i));
    return words;
  }
  TemporaryFolder folder;
};

TEST_F(TokenClassifiers, EntitiesArePartsOfTheTextAtTheirOffsets) {
  auto model = classifier();
  const std::string text = "Ann saw the \u00C4rmel of Bob in London,\nnot in Spain.";
  const auto entities = model.classify(text);
  ASSERT_FALSE(entities.empty()) << "a random model finds something";
  for (const Entity& entity : entities) {
    EXPECT_EQ(entity.text, code_points(text, entity.begin, entity.end));
    EXPECT_GT(entity.score, 0);
    EXPECT_TRUE(entity.label == "PER" || entity.label == "LOC") << entity.label;
  }
  EXPECT_TRUE(model.classify("").empty());
}

TEST_F(TokenClassifiers, EveryWordHasALabelHoweverLongTheTextIs) {
  auto model = classifier({.windows = {.max_seq_length = 24, .stride = 6}});
  EXPECT_EQ(model.classify(words(300)).labels.size(), 300U);
  EXPECT_GT(model.encoder().words(words(300)).windows.size(), 20U);
}

TEST_F(TokenClassifiers, BatchesChangeNoOutput) {
  auto one = classifier({.batch_size = 1}), many = classifier({.batch_size = 7});
  std::vector<WindowedText> texts;
  for (const size_t count : {3U, 1U, 40U, 0U, 12U})
    texts.push_back(many.encoder().words(words(count)));
  const auto all = many.classify(texts);
  ASSERT_EQ(all.size(), 5U);
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto alone = one.classify(std::span(&texts[i], 1)).front();
    EXPECT_EQ(all[i].labels, alone.labels);
    ASSERT_EQ(all[i].entities.size(), alone.entities.size());
    for (size_t e = 0; e < alone.entities.size(); ++e)
      EXPECT_EQ(all[i].entities[e].score, alone.entities[e].score);
  }
}

TEST_F(TokenClassifiers, OutputsAreThoseOfTheHead) {
  auto model = classifier();
  const WindowedText text = model.encoder().words(words(4));
  auto head =
      AlbertForTokenClassification::from_pretrained(folder.path(), {.backend = {.threads = 1}});
  Sequences inputs;
  inputs.input_ids = {text.windows[0].input_ids};
  const auto wanted = head.forward(inputs).logits;
  const auto found = token_logits(head, std::span(&text, 1), 1).front();
  for (size_t t = 0; t < text.tokens.size(); ++t) {
    const auto row = wanted.row<float>(static_cast<int64_t>(t) + 1);  // behind [CLS]
    EXPECT_EQ(std::vector<float>(row.begin(), row.end()),
              std::vector<float>(found.of(t).begin(), found.of(t).end()));
  }
}

TEST_F(TokenClassifiers, OtherHeadsAndSizesAreRefused) {
  EXPECT_EQ(refusal_of([&] { classifier({.batch_size = 0}); }).code, ErrorCode::kUsage);
  auto model = classifier();
  EXPECT_TRUE(refusal_of([&] { model.classify("no\xFE"); }).says("byte 3 is not UTF-8"));
  EXPECT_EQ(model.labels(), kLabels);
}

}  // namespace
}  // namespace albert::testing
