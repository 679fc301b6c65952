// Texts and words of any length as windows in which every token is decided once.
#include "albert/inference/token_windows.h"

#include "albert/tokenizer/utf8.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

using Words = std::vector<std::string>;

std::shared_ptr<const Tokenizer> tokenizer() {
  static const auto released =
      Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model");
  return released;
}

TokenWindowEncoder encoder(const TokenWindowOptions& options = {}) {
  AlbertConfig config;
  config.vocab_size = 30000;
  config.max_position_embeddings = 64;
  return {tokenizer(), config, options};
}

Words ships(int count) {
  Words words;
  for (int i = 0; i < count; ++i) words.emplace_back(i % 2 ? "sea" : "ship");
  return words;
}

TEST(TokenWindows, WordsAreEncodedAlone) {
  const Words words = {"It", "'s", "Ahab", ".", "New York"};
  const WindowedText text = encoder().words(words);
  std::vector<int32_t> ids = {tokenizer()->cls_id()};
  size_t tokens = 0;
  for (size_t w = 0; w < words.size(); ++w)
    for (const int32_t id : tokenizer()->ids(words[w])) {
      ids.push_back(id);
      EXPECT_EQ(text.tokens.at(tokens++).word, static_cast<int64_t>(w));
    }
  ids.push_back(tokenizer()->sep_id());
  ASSERT_EQ(text.windows.size(), 1U);
  EXPECT_EQ(text.windows[0].input_ids, ids);
  EXPECT_EQ(text.windows[0].token_type_ids, std::vector<int32_t>(ids.size(), 0));
  EXPECT_EQ(text.tokens.size(), tokens);
  EXPECT_EQ(text.text, "It 's Ahab . New York");
  EXPECT_EQ(text.words, 5);
}

TEST(TokenWindows, OffsetsOfWordsCountOnInTheJoinedText) {
  const WindowedText text = encoder().words(Words{"\u00C4gir", "saw", "Bob"});
  const WindowedText::Token& last = text.tokens.back();
  EXPECT_EQ(code_points(text.text, last.begin, last.end), "Bob");
  EXPECT_EQ(last.begin, 9);
}

TEST(TokenWindows, AWordThatNormalisingRemovesHasNoToken) {
  const WindowedText text = encoder().words(Words{"a", "\u00B4", "\u200B", "b"});
  ASSERT_EQ(text.tokens.size(), 2U);
  EXPECT_EQ(text.tokens[1].word, 3);
  const WindowedText none = encoder().words(Words{"\u200B"});
  EXPECT_TRUE(none.tokens.empty());
  EXPECT_EQ(none.windows.at(0).input_ids.size(), 2U);
  EXPECT_TRUE(encoder().words(Words{}).tokens.empty());
}

TEST(TokenWindows, EveryTokenIsDecidedOnceWhereItHasTheMostTextAroundIt) {
  // 12 - 2 special leave room for 10; a window begins 6 behind the one before.
  const WindowedText text = encoder({.max_seq_length = 12, .stride = 4}).words(ships(25));
  ASSERT_EQ(text.tokens.size(), 25U);
  ASSERT_EQ(text.windows.size(), 4U);
  std::vector<int64_t> decided;
  for (const TokenWindow& window : text.windows) {
    EXPECT_LE(window.input_ids.size(), 12U);
    EXPECT_EQ(window.decides.front(), -1);
    EXPECT_EQ(window.decides.back(), -1);
    for (const int64_t token : window.decides)
      if (token >= 0) decided.push_back(token);
  }
  ASSERT_EQ(decided.size(), 25U);
  for (size_t i = 0; i < decided.size(); ++i) EXPECT_EQ(decided[i], static_cast<int64_t>(i));
  // Of the tokens 6 to 9, which two windows have, each decides the half that is farther inside.
  const auto& first = text.windows[0].decides;
  EXPECT_EQ(first[8], 7);
  EXPECT_EQ(first[9], -1);
}

TEST(TokenWindows, AreAsManyAsTransformersOverflowingPartsAndHaveTheirIds) {
  const WindowedText windowed =
      encoder({.max_seq_length = 10, .stride = 3}).text("the ship saw the sea and the whale there");
  const auto parts = tokenizer()->encode_overflowing(
      "the ship saw the sea and the whale there", {},
      {.truncation = Truncation::kOnlyFirst, .max_length = 10, .stride = 3});
  ASSERT_EQ(windowed.windows.size(), parts.size());
  for (size_t w = 0; w < parts.size(); ++w)
    EXPECT_EQ(windowed.windows[w].input_ids, parts[w].input_ids);
  EXPECT_FALSE(windowed.words.has_value());
}

TEST(TokenWindows, WordsOfATextStandBetweenBlanksAsInThePipeline) {
  std::string starts;
  for (const auto& token : encoder().text("to Spain, not").tokens)
    starts += token.starts_word ? "^" : ".";
  EXPECT_EQ(starts, "^^.^");
}

TEST(TokenWindows, TheStrideIsAtMostHalfOfTheRoom) {
  const WindowedText text = encoder({.max_seq_length = 12, .stride = 1000}).words(ships(25));
  EXPECT_EQ(text.windows.size(), 4U);  // 10 tokens, each beginning 5 behind the one before
  EXPECT_EQ(encoder({.stride = 0}).words(ships(100)).windows.size(), 2U);
  EXPECT_EQ(refusal_of([] { encoder({.stride = -1}); }).code, ErrorCode::kUsage);
  EXPECT_EQ(refusal_of([] { encoder({.max_seq_length = 65}); }).code, ErrorCode::kUsage);
  EXPECT_TRUE(refusal_of([] { encoder().text("no\xFE"); }).says("byte 3 is not UTF-8"));
}

}  // namespace
}  // namespace albert::testing
