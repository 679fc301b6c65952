// Options that want or exclude each other: CLI11's complaints in our words.
#include "apps/cli/parse.h"

#include <CLI/CLI.hpp>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

struct Pair {
  Pair() {
    command.option("first", a, "");
    command.option("second", b, "");
    first = app.get_option("--first");
    second = app.get_option("--second");
  }
  std::string error_of(const std::vector<std::string>& arguments) {
    const Refusal r = refusal_of([&] { apps::parse(app, command, arguments); });
    EXPECT_EQ(r.code, ErrorCode::kUsage);
    return r.what;
  }
  CLI::App app{"", "albert try"};
  apps::Command command{&app};
  std::string a, b;
  CLI::Option *first, *second;
};

TEST(Parse, SaysWhichOptionIsWantedToo) {
  Pair pair;
  pair.first->needs(pair.second);
  EXPECT_EQ(pair.error_of({"--first=x"}), "--first: wanted also --second; see albert try --help");
}

TEST(Parse, SaysWhichOptionsExcludeEachOther) {
  Pair pair;
  pair.first->excludes(pair.second);
  EXPECT_EQ(pair.error_of({"--first=x", "--second=y"}),
            "--first: wanted not also --second; see albert try --help");
}

TEST(Parse, SetsWhatIsRight) {
  Pair pair;
  apps::parse(pair.app, pair.command, {"--first=x", "--second", "y"});
  EXPECT_EQ(pair.a + pair.b, "xy");
  EXPECT_TRUE(pair.command.is_set("first"));
}

}  // namespace
}  // namespace albert::testing
