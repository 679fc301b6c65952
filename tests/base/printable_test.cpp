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

}  // namespace
}  // namespace albert
