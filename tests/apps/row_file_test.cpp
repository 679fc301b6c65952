// What a bench measured is in its file from the first row on, whenever the run is killed.
#include "apps/bench/row_file.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

using bench::read_rows;
using bench::Row;
using bench::RowFile;

const Row kFirst{{"name", "a"}, {"per_second", 1.5}}, kSecond{{"name", "b"}, {"per_second", 2.0}};

TEST(RowFile, HoldsEachRowAsSoonAsItIsMeasured) {
  const TemporaryFolder folder;
  for (const char* name : {"rows.json", "rows.jsonl"}) {
    RowFile file(folder / name, {{"machine", "m"}});
    file.add(kFirst);
    EXPECT_EQ(read_rows(folder / name), std::vector<Row>{kFirst}) << name;
    file.add(kSecond);
    EXPECT_EQ(read_rows(folder / name), (std::vector<Row>{kFirst, kSecond})) << name;
  }
  EXPECT_EQ(Row::parse(read_bytes(folder / "rows.json")).at("machine"), "m");
}

TEST(RowFile, LinesAreAddedToThoseThatAreThere) {
  const TemporaryFolder folder;
  write_bytes(folder / "rows.jsonl", "{\"step\":\"of someone else\"}\n");
  RowFile(folder / "rows.jsonl", {{"machine", "m"}}).add(kFirst);
  RowFile(folder / "rows.jsonl", {{"machine", "m"}}).add(kSecond);
  EXPECT_EQ(read_rows(folder / "rows.jsonl"), (std::vector<Row>{kFirst, kSecond}));
  EXPECT_EQ(read_bytes(folder / "rows.jsonl"),
            "{\"step\":\"of someone else\"}\n"
            "{\"machine\":\"m\"}\n{\"name\":\"a\",\"per_second\":1.5}\n"
            "{\"machine\":\"m\"}\n{\"name\":\"b\",\"per_second\":2.0}\n");
}

TEST(RowFile, ALineThatWasBeingWrittenIsLeftOut) {
  const TemporaryFolder folder;
  write_bytes(folder / "rows.jsonl", kFirst.dump() + "\n" + kSecond.dump().substr(0, 9));
  EXPECT_EQ(read_rows(folder / "rows.jsonl"), std::vector<Row>{kFirst});
}

TEST(RowFile, RefusesWhatItDidNotWriteAndWhereItCannotWrite) {
  const TemporaryFolder folder;
  write_bytes(folder / "rows.json", "[]");
  EXPECT_EQ(refusal_of([&] { read_rows(folder / "rows.json"); }).code, ErrorCode::kBadData);
  write_bytes(folder / "rows.jsonl", "{}\nno row\n");
  EXPECT_TRUE(refusal_of([&] { read_rows(folder / "rows.jsonl"); }).says("rows.jsonl:2"));
  EXPECT_EQ(refusal_of([&] { RowFile(folder / "absent/rows.jsonl", {}); }).code, ErrorCode::kIo);
  RowFile("", {}).add(kFirst);
}

}  // namespace
}  // namespace albert::testing
