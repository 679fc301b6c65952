#include "albert/inference/mask_filler.h"

#include <gtest/gtest.h>

#include "tests/support/golden_embeddings.h"

namespace albert::testing {
namespace {

const std::string kGolden = ALBERT_GOLDEN_DIR;

class MaskFillers : public ::testing::Test {
 protected:
  MaskFiller filler(const MaskFillerOptions& options = {}) {
    return MaskFiller::from_pretrained(kGolden + "/embeddings", {.backend = {.threads = 1}},
                                       options);
  }
  const nlohmann::json golden = golden_embeddings(kGolden);
};

void expect_words(const MaskFiller::Candidates& found, const nlohmann::json& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].score, wanted[i].at("score").get<double>(), 1e-6);
    EXPECT_EQ(found[i].token, wanted[i].at("token").get<int32_t>());
    EXPECT_EQ(found[i].token_str, wanted[i].at("token_str").get<std::string>());
    EXPECT_EQ(found[i].sequence, wanted[i].at("sequence").get<std::string>());
  }
}

void expect_masks(const std::vector<MaskFiller::Candidates>& found, const nlohmann::json& wanted) {
  if (wanted.at(0).is_object()) {
    ASSERT_EQ(found.size(), 1U);
    return expect_words(found.front(), wanted);
  }
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i) expect_words(found[i], wanted[i]);
}

TEST_F(MaskFillers, WordsAreThoseOfThePipeline) {
  auto all = filler();
  const auto targets = golden.at("targets").get<std::vector<std::string>>();
  ASSERT_FALSE(golden.at("masked").empty());
  for (const auto& one : golden.at("masked")) {
    const auto text = one.at("text").get<std::string>();
    SCOPED_TRACE(text);
    expect_masks(all.fill(text), one.at("words"));
    expect_masks(all.fill(text, 3, targets), one.at("targets"));
  }
}

TEST_F(MaskFillers, BatchesKeepTheOrderOfTheTexts) {
  auto together = filler(), alone = filler({.batch_tokens = 1});
  std::vector<TokenIds> texts;
  for (const auto& one : golden.at("masked"))
    texts.push_back(together.encode(one.at("text").get<std::string>()));
  for (const auto& filled : {together.fill(texts), alone.fill(texts)}) {
    ASSERT_EQ(filled.size(), texts.size());
    for (size_t i = 0; i < filled.size(); ++i)
      expect_masks(filled[i], golden.at("masked")[i].at("words"));
  }
}

TEST_F(MaskFillers, TargetsOfSeveralPiecesAreNamed) {
  auto all = filler();
  std::vector<std::string> notes;
  const std::vector<std::string> targets = {"sea", "unknown", "un"};
  const auto ids = all.target_ids(targets, &notes);
  EXPECT_EQ(ids.size(), 2U) << "\"un\" is there twice";
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("\"unknown\""), std::string::npos) << notes[0];
  const std::vector<std::string> empty = {""};
  EXPECT_EQ(refusal_of([&] { all.target_ids(empty); }).code, ErrorCode::kUsage);
}

TEST_F(MaskFillers, TextsWithoutAMaskAreRefused) {
  auto all = filler();
  for (const char* text : {"a whale", ""}) {
    const Refusal r = refusal_of([&] { all.fill(text); });
    EXPECT_EQ(r.code, ErrorCode::kBadData);
    EXPECT_NE(r.what.find("[MASK]"), std::string::npos) << r.what;
  }
  std::string far = "[MASK]";
  for (int i = 0; i < 20; ++i) far += " sea";
  EXPECT_EQ(all.fill(far).size(), 1U);
  EXPECT_EQ(refusal_of([&] { all.fill(far + " [MASK]"); }).code, ErrorCode::kBadData);
  EXPECT_EQ(refusal_of([&] { all.fill("[MASK]", 0); }).code, ErrorCode::kUsage);
  EXPECT_EQ(all.fill("[MASK]", 1000).front().size(), 43U) << "all words there are";
}

}  // namespace
}  // namespace albert::testing
