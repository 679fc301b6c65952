#include "albert/base/printable.h"

#include <gtest/gtest.h>

#include <vector>

namespace albert {
namespace {

TEST(Printable, ListsAreSpeltOneWay) {
  EXPECT_EQ(joined(std::vector<std::string>{"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(joined(std::vector<std::string>{"a", "b"}, ""), "ab");
  EXPECT_EQ(one_of({"a", "b"}), "one of a, b");
  EXPECT_EQ(one_of({"a"}), "a");
  EXPECT_EQ(joined_first({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(joined_first({"a", "b", "c"}, 2), "a, b and 1 more");
}

TEST(Printable, ControlsAreShownAndLongTextsAreCut) {
  EXPECT_EQ(in_quotes("a\n\x7f"), "\"a\\x0a\\x7f\"");
  EXPECT_EQ(printable("\u00e9\u00e9", 3), "\u00e9...");
}

// An error message is valid UTF-8 whatever a file holds.
TEST(Printable, BytesThatAreNoCharacterAreShown) {
  EXPECT_EQ(printable("\x80\x04"), "\\x80\\x04");
  EXPECT_EQ(printable("caf\xe9!"), "caf\\xe9!");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // a longer form of a slash
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\u20ac\U0001F600\ud55c"), "\u20ac\U0001F600\ud55c");
}

}  // namespace
}  // namespace albert
