// Where Google's whole-word masking begins words, by values of its own function.
#include "albert/tokenizer/word_start.h"

#include <gtest/gtest.h>

#include "albert/tokenizer/tokenizer.h"

namespace albert::testing {
namespace {

TEST(WordStart, IsGooglesOfEachPiece) {
  for (const char* piece : {"\u2581", "\u2581the", "\u2581**", "<unk>",  "<a",      "!",      "*",
                            "$",      "'",         "<",        "=",      ">",       "1",      "a1",
                            "'s",     "a'",        "\u20AC",   "\u00E9", "a\u00E9", "\u4E2D", "=="})
    EXPECT_TRUE(starts_word_by_google(piece)) << piece;
  for (const char* piece :
       {"a", "ing", "Z", "ING", "**", "://", "!!", "a!", "-x", "...", "e.g", "{|}~"})
    EXPECT_FALSE(starts_word_by_google(piece)) << piece;
}

// 23,242 of the released pieces, which its function counts too.
TEST(WordStart, IsAtTheReleasedPiecesOfGooglesCount) {
  const auto tokenizer =
      Tokenizer::from_pretrained(std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model");
  int64_t starts = 0;
  for (int32_t id = 0; id < tokenizer->vocab_size(); ++id)
    starts += tokenizer->starts_word(id) ? 1 : 0;
  EXPECT_EQ(tokenizer->vocab_size(), 30000);
  EXPECT_EQ(starts, 23242);
}

}  // namespace
}  // namespace albert::testing
