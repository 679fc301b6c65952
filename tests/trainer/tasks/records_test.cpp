// One reading of tables, JSON lines and lines of text, whatever stands around them.
#include "albert/trainer/tasks/records.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

class Records : public ::testing::Test {
 protected:
  // "text|pair" of each record, or what was wrong with it.
  std::vector<std::string> read(const std::string& name, const std::string& bytes,
                                RecordFormat format, BlankLines blank = BlankLines::kSkipped,
                                const TableOptions& table = {}) const {
    write_bytes(folder / name, bytes);
    TextReader reader(folder / name);
    RecordReader records(reader, format, blank, table);
    std::vector<std::string> found;
    for (bool more = true; more;) {
      try {
        Record record;
        more = records.next(record);
        if (more) found.push_back(shown(record));
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::kBadData);
        found.push_back(std::string(e.what()).substr(folder.path().string().size() + 1));
      }
    }
    return found;
  }
  static std::string shown(const Record& record) {
    if (record.is_text()) return record.line();
    const std::string* pair = record.find("pair");
    return record.at("text") + (pair ? "|" + *pair : "");
  }
  TemporaryFolder folder;
};

using Found = std::vector<std::string>;

TEST_F(Records, MarksBlanksAndLineEndsChangeNothing) {
  const Found both = {"a film|b", "7"};
  const std::string plain = "{\"text\": \"a film\", \"pair\": \"b\"}\n{\"text\": 7}\n",
                    odd =
                        "\xEF\xBB\xBF {\"text\": \"a film\", \"pair\": \"b\"} \r\n\r\n  \n"
                        "\t{\"text\": 7, \"pair\": null}";
  for (const RecordFormat format : {RecordFormat::kJson, RecordFormat::kLines})
    for (const auto& bytes : {plain, odd}) EXPECT_EQ(read("a.jsonl", bytes, format), both);
  const std::string table = "pair\ttext\nb\ta film\n";
  EXPECT_EQ(read("a.tsv", table, RecordFormat::kTable), (Found{"a film|b"}));
  EXPECT_EQ(read("a.tsv", "\xEF\xBB\xBFpair\ttext\r\n\r\nb\ta film\r\n  \n", RecordFormat::kTable),
            (Found{"a film|b"}));
  EXPECT_EQ(read("a.tsv", "text\tpair\n\t\n", RecordFormat::kTable), (Found{"|"}));
}

TEST_F(Records, LinesOfTextMayLookLikeJsonButAListIsRefused) {
  EXPECT_EQ(read("a.txt", "[MASK] film\n[1] no list\n\"quoted\"\n7\n", RecordFormat::kLines),
            (Found{"[MASK] film", "[1] no list", "\"quoted\"", "7"}));
  EXPECT_EQ(read("a.txt", " [{\"text\": \"a\"}]\nfine\n", RecordFormat::kLines),
            (Found{"a.txt:1: found a list, wanted a JSON object", "fine"}));
  EXPECT_EQ(read("a.jsonl", "[]\n7\n\"a\"\nnull\n", RecordFormat::kJson).size(), 4U);
  EXPECT_TRUE(read("a.jsonl", "a film\n", RecordFormat::kJson)[0].starts_with("a.jsonl:1:1: "));
  EXPECT_TRUE(read("a.txt", "{\"text\": }\n", RecordFormat::kLines)[0].starts_with("a.txt:1:10: "));
}

TEST_F(Records, WhatIsWrongIsSaidAtItsLineAndTheNextIsRead) {
  EXPECT_EQ(read("a.tsv", "text\tpair\na\tb\nc\nd\te\n", RecordFormat::kTable),
            (Found{"a|b", "a.tsv:3: found 1 columns, wanted 2 as in the header", "d|e"}));
  EXPECT_EQ(read("a.jsonl", "{\"text\": 1.5}\n{\"txt\": \"a\"}\n{}\n", RecordFormat::kJson),
            (Found{"a.jsonl:1: \"text\": found the number 1.5, wanted a string or an integer",
                   "a.jsonl:2: found \"txt\", wanted \"text\"",
                   "a.jsonl:3: found nothing, wanted \"text\""}));
  EXPECT_EQ(read("a.txt", std::string("ok\nno\xFE\nz\0z\n", 11), RecordFormat::kLines),
            (Found{"ok", "a.txt:2: byte 3 is not UTF-8", "a.txt:3: byte 2 is a zero byte"}));
  EXPECT_EQ(read("a.txt", "a\n\n \t\r\nb", RecordFormat::kLines, BlankLines::kRefused),
            (Found{"a", "a.txt:2: the line is empty", "a.txt:3: the line is empty", "b"}));
}

TEST_F(Records, AColumnThatATableLacksIsSaidAtItsHeader) {
  write_bytes(folder / "a.tsv", "index\tsentence\n");
  TextReader reader(folder / "a.tsv");
  const RecordReader records(reader, RecordFormat::kTable);
  EXPECT_NO_THROW(records.require_column("sentence", "text_column"));
  EXPECT_TRUE(refusal_of([&] { records.require_column("text", "text_column"); })
                  .says("a.tsv:1: found the columns index, sentence, wanted text; choose another "
                        "with --text_column"));
  write_bytes(folder / "none.tsv", "");
  TextReader none(folder / "none.tsv");
  EXPECT_TRUE(refusal_of([&] { RecordReader(none, RecordFormat::kTable); }).says("is empty"));
}

TEST_F(Records, CsvIsQuotedByRfc4180) {
  const std::string rows =
      "\"pair\",text\r\nb,\"a \"\"fine\"\" film, or\ntwo\"\r\n\r\n\"\",\"x\"\n7,8";
  EXPECT_EQ(read("a.csv", rows, RecordFormat::kCsv),
            (Found{"a \"fine\" film, or\ntwo|b", "x|", "8|7"}));
  EXPECT_EQ(
      read("a.csv", "text,pair\na \"b\",c\nd,e\n\"f\" ,g\nh\n\xFE,i\n\"j,\nk\n",
           RecordFormat::kCsv),
      (Found{"a.csv:2:3: found a quote within a cell, wanted the cell between quotes and this "
             "one doubled",
             "d|e", "a.csv:4:4: found text behind a quote, wanted a comma",
             "a.csv:5: found 1 columns, wanted 2 as in the header", "a.csv:6: byte 1 is not UTF-8",
             "a.csv:7:1: found no end of this quote, wanted one"}));
}

TEST_F(Records, TablesOfGlueHaveNoQuoting) {
  const std::string rows = "text\tpair\n\"a\t\"\"b\n\"c\t\"\nd\"\te, \"f\n";
  EXPECT_EQ(read("a.tsv", rows, RecordFormat::kTable),
            (Found{"\"a|\"\"b", "\"c|\"", "d\"|e, \"f"}));
}

TEST_F(Records, ATableMayHaveNoHeaderAndShortRows) {
  const TableOptions named{.columns = {"pair", "text"}};
  const auto table = RecordFormat::kTable;
  EXPECT_EQ(read("a.tsv", "b\ta\nd\tc\n", table, BlankLines::kSkipped, named),
            (Found{"a|b", "c|d"}));
  EXPECT_EQ(read("a.tsv", "text\tindex\na\t0\n", table, BlankLines::kSkipped, named), (Found{"a"}));
  EXPECT_EQ(read("a.tsv", "a\nd\tc\n", table, BlankLines::kSkipped, named),
            (Found{"a.tsv:1: found 1 columns, wanted 2 as in the header", "c|d"}));
  EXPECT_EQ(read("a.csv", "\"b\n\",a\nd,\nx\n", RecordFormat::kCsv, BlankLines::kSkipped, named),
            (Found{"a|b\n", "|d", "a.csv:4: found 1 columns, wanted 2 as in the header"}));
  EXPECT_EQ(read("a.tsv", "text\tpair\na\nb\tc\nd\te\tf\n", table, BlankLines::kSkipped,
                 {.skips_short_rows = true}),
            (Found{"b|c", "a.tsv:4: found 3 columns, wanted 2 as in the header"}));
}

TEST_F(Records, AnswersMayBeNumbersTruthsAndLists) {
  write_bytes(folder / "a.jsonl",
              "{\"a\": 1.5, \"b\": true, \"c\": [\"x\", 2, false], \"d\": \"x, y\", \"e\": {}, "
              "\"f\": \" \", \"g\": [[1]]}\n");
  TextReader reader(folder / "a.jsonl");
  RecordReader records(reader, RecordFormat::kJson);
  Record record;
  ASSERT_TRUE(records.next(record));
  EXPECT_EQ(record.scalar_at("a"), "1.5");
  EXPECT_EQ(record.scalar_at("b"), "true");
  EXPECT_EQ(record.list_at("c"), (Found{"x", "2", "false"}));
  EXPECT_EQ(record.list_at("d"), (Found{"x", "y"}));
  EXPECT_EQ(record.list_at("f"), Found());
  EXPECT_TRUE(refusal_of([&] { record.at("b"); }).says("\"b\": found true, wanted a string or an"));
  EXPECT_TRUE(refusal_of([&] { record.scalar_at("c"); }).says("wanted a string, a number, true"));
  EXPECT_TRUE(refusal_of([&] { record.list_at("e"); }).says("wanted a list of strings or numbers"));
  EXPECT_TRUE(refusal_of([&] { record.list_at("g"); }).says("wanted a list of strings or numbers"));
  EXPECT_TRUE(refusal_of([&] { record.list_at("h"); }).says("wanted \"h\""));
}

TEST(RecordFormats, AreToldByTheName) {
  EXPECT_EQ(format_of_data("a.csv.gz"), RecordFormat::kCsv);
  EXPECT_EQ(format_of_data("a/b.jsonl"), RecordFormat::kJson);
  EXPECT_EQ(format_of_data("b.jsonl.gz"), RecordFormat::kJson);
  EXPECT_EQ(format_of_data("b.jsonl.d/c.tsv"), RecordFormat::kTable);
  EXPECT_EQ(format_of_data("my.jsonlike"), RecordFormat::kTable);
}

}  // namespace
}  // namespace albert::testing
