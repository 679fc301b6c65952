// What a run shows beside its curves: to the file and back, and onto the page.
#include "albert/trainer/loop/report_details.h"

#include <gtest/gtest.h>

#include "albert/base/error.h"
#include "albert/trainer/loop/report.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

ReportDetails small_details() {
  ReportTable confusion{.title = "confusion",
                        .columns = {"", "a", "b"},
                        .rows = {{"a", "3", "1"}, {"<b>", "0", "0"}},
                        .shaded = true};
  return {.tables = {confusion, {.title = "texts", .columns = {"text"}, .rows = {{"x < 'y'"}}}},
          .attention = AttentionMaps{.note = "n",
                                     .tokens = {"[CLS]", "<s>"},
                                     .layers = {{0.25F, 0.75F, 1, 0}, {0.5F, 0.5F, 0, 1}}}};
}

TEST(ReportDetails, ComeBackFromTheirFile) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read_report_details(folder.path()).empty());
  write_report_details(folder.path(), small_details());
  const ReportDetails back = read_report_details(folder.path());
  ASSERT_EQ(back.tables.size(), 2U);
  EXPECT_EQ(back.tables[0].rows, small_details().tables[0].rows);
  EXPECT_TRUE(back.tables[0].shaded);
  EXPECT_FALSE(back.tables[1].shaded);
  ASSERT_TRUE(back.attention);
  EXPECT_EQ(back.attention->layers, small_details().attention->layers);
  EXPECT_EQ(html_of(back), html_of(small_details()));
}

TEST(ReportDetails, PageShadesSharesAndEscapesTexts) {
  const std::string page = html_of(small_details());
  EXPECT_NE(page.find("rgba(47,111,222,0.53)'>3<"), std::string::npos) << page;  // 0.7 * 3 / 4
  EXPECT_NE(page.find("rgba(47,111,222,0.18)'>1<"), std::string::npos) << page;
  EXPECT_NE(page.find("&lt;b>"), std::string::npos) << page;
  EXPECT_NE(page.find("x &lt; &#39;y&#39;"), std::string::npos) << page;
  EXPECT_EQ(page.find("<s>"), std::string::npos) << page;
  EXPECT_NE(page.find("[CLS] → &lt;s>"), std::string::npos) << page;
  EXPECT_NE(page.find("opacity='0.75'"), std::string::npos) << page;
  EXPECT_NE(page.find("layer 2"), std::string::npos) << page;
}

TEST(ReportDetails, AreOnTheReportAndDamagedOnesAreRefused) {
  const TemporaryFolder folder;
  write_bytes(folder / "metrics.jsonl", "{\"step\": 1, \"loss\": 2.0}\n");
  write_report_details(folder.path(), small_details());
  write_report(folder.path());
  EXPECT_NE(read_bytes(folder / "report.html").find(html_of(small_details())), std::string::npos);
  for (const char* damaged : {"{}", "{\"tables\": [{}]}", "[1]",
                              "{\"tables\": [], \"attention\": {\"note\": \"\", \"tokens\": "
                              "[\"a\"], \"layers\": [[]]}}"}) {
    write_bytes(folder / "report_details.json", damaged);
    try {
      write_report(folder.path());
      FAIL() << damaged;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kBadData);
      EXPECT_NE(std::string(e.what()).find("report_details.json"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace albert::testing
