// One page of several runs' curves.
#include "albert/trainer/loop/comparison.h"

#include "albert/base/error.h"
#include "albert/trainer/loop/curves.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

void write_run(const fs::path& folder, const std::string& loss, const std::string& arguments) {
  fs::create_directories(folder);
  write_bytes(folder / "metrics.jsonl", R"({"step":1,"loss":)" + loss + "}\n" +
                                            R"({"step":2,"loss":3,"eval_loss":)" + loss + "}\n" +
                                            R"({"step":4,"eval_loss":9.5,"eval_f1":0.25})" + "\n");
  if (!arguments.empty()) write_bytes(folder / "args.json", arguments);
}

class Comparison : public ::testing::Test {
 protected:
  std::string page_of(const std::vector<fs::path>& runs) {
    write_comparison(runs, folder / "page.html");
    return read_bytes(folder / "page.html");
  }
  TemporaryFolder folder;
};

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

TEST_F(Comparison, HasACurveOfEachRunOnEachChartAndTheBestOfEach) {
  write_run(folder / "a", "7.25", R"({"seed": 1, "optim": "lamb", "threads": 2})");
  write_run(folder / "<b>", "8.5", R"({"seed": 2, "optim": "lamb", "freeze": "head"})");
  const std::string page = page_of({folder / "a", folder / "<b>"});
  EXPECT_EQ(count(page, "<figure>"), 2U) << "loss and f1";
  for (const char* run : {"run0", "run1"}) {
    EXPECT_EQ(count(page, "<path class='" + std::string(run) + " train'"), 1U);
    EXPECT_EQ(count(page, "<path class='" + std::string(run) + " eval'"), 2U);
  }
  EXPECT_NE(page.find("<td>loss</td><td>7.25</td><td>8.5</td>"), std::string::npos) << page;
  EXPECT_NE(page.find("<td>f1</td><td>0.25</td><td>0.25</td>"), std::string::npos) << page;
  EXPECT_NE(page.find("<td>seed</td><td>1</td><td>2</td>"), std::string::npos) << page;
  EXPECT_NE(page.find("<td>threads</td><td>2</td><td></td>"), std::string::npos) << page;
  EXPECT_NE(page.find("<td>freeze</td><td></td><td>head</td>"), std::string::npos) << page;
  EXPECT_EQ(page.find("<td>optim</td>"), std::string::npos) << "it does not differ";
  EXPECT_EQ(page.find("<b>"), std::string::npos) << "names are escaped";
  EXPECT_EQ(page.find("http"), std::string::npos) << "nothing is loaded from elsewhere";
}

TEST_F(Comparison, TakesRunsWithoutArgumentsAndRefusesDamagedOnes) {
  write_run(folder / "a", "7", "");
  write_run(folder / "b", "8", "");
  EXPECT_EQ(page_of({folder / "a", folder / "b"}).find("options that differ"), std::string::npos);
  write_bytes(folder / "b/metrics.jsonl", "{\"step\":1}\n{\"loss\":1}\n");
  const Refusal r = refusal_of([&] { page_of({folder / "a", folder / "b"}); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("metrics.jsonl:2: ")) << r.what;
  EXPECT_EQ(refusal_of([&] {
              page_of({folder / "a", folder / "c"});
            }).code,
            ErrorCode::kMissingInput);
  EXPECT_EQ(refusal_of([&] { page_of({folder / "a"}); }).code, ErrorCode::kUsage);
  EXPECT_EQ(refusal_of([&] { page_of(std::vector<fs::path>(7, folder / "a")); }).code,
            ErrorCode::kUsage);
}

TEST(Curves, TheBestLossIsTheLeastAndTheBestScoreTheGreatest) {
  const Curve curve{{1, 3}, {2, 1}, {3, 2}};
  EXPECT_EQ(best_of(curve, "mlm_loss"), 1);
  EXPECT_EQ(best_of(curve, "f1"), 3);
  EXPECT_NE(best_of({}, "f1"), best_of({}, "f1")) << "NaN of none";
}

}  // namespace
}  // namespace albert::testing
