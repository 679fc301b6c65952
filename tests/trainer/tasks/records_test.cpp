// One reading of tables, JSON lines and lines of text, whatever stands around them.
#include "albert/trainer/tasks/records.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

class Records : public ::testing::Test {
 protected:
  // "text|pair" of each record, or what was wrong with it.
  std::vector<std::string> read(const std::string& name, const std::string& bytes,
                                RecordFormat format,
                                BlankLines blank = BlankLines::kSkipped) const {
    write_bytes(folder / name, bytes);
    TextReader reader(folder / name);
    RecordReader records(reader, format, blank);
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
  EXPECT_TRUE(read("a.jsonl", "a film\n", RecordFormat::kJson)[0].starts_with("a.jsonl:1: "));
  EXPECT_TRUE(read("a.txt", "{\"text\": }\n", RecordFormat::kLines)[0].starts_with("a.txt:1: "));
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

TEST(RecordFormats, AreToldByTheName) {
  EXPECT_EQ(table_or_json("a/b.jsonl"), RecordFormat::kJson);
  EXPECT_EQ(table_or_json("b.jsonl.gz"), RecordFormat::kJson);
  EXPECT_EQ(table_or_json("b.jsonl.d/c.tsv"), RecordFormat::kTable);
  EXPECT_EQ(table_or_json("my.jsonlike"), RecordFormat::kTable);
}

}  // namespace
}  // namespace albert::testing
