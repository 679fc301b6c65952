// What is no part of a line, and when lines of a pipe are there.
#include "albert/base/text_reader.h"

#include <unistd.h>

#include <vector>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::vector<std::string> lines_of(const std::string& bytes) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", bytes);
  TextReader reader(folder / "a.txt");
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(TextLines, AByteOrderMarkBelongsToTheFileAndNotToItsText) {
  EXPECT_EQ(lines_of("\xEF\xBB\xBF"
                     "a\nb"),
            (Lines{"a", "b"}));
  EXPECT_EQ(lines_of("\xEF\xBB\xBF\r\nb\r\n"), (Lines{"", "b"}));
  EXPECT_EQ(lines_of("\xEF\xBB\xBF"), (Lines{""}));
  EXPECT_EQ(lines_of("a\n\xEF\xBB\xBF"
                     "b\n"),
            (Lines{"a",
                   "\xEF\xBB\xBF"
                   "b"}));
  EXPECT_EQ(lines_of("\xEF\xBB"
                     "a"),
            (Lines{"\xEF\xBB"
                   "a"}));
  EXPECT_EQ(lines_of(""), Lines());
}

TEST(TextLines, LinesOfAPipeAreThereBeforeItsEnd) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto write_text = [&](const std::string& text) {
    ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  };
  TextReader reader("/proc/self/fd/" + std::to_string(ends[0]));
  std::string line;
  for (const char* text :
       {"a", "second"}) {  // the next read waits for ever where one is not enough
    write_text(text + std::string("\n"));
    ASSERT_TRUE(reader.next(line));
    EXPECT_EQ(line, text);
  }
  write_text("last");
  close(ends[1]);
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "last");
  EXPECT_FALSE(reader.next(line));
  close(ends[0]);
}

TEST(TextLines, ExtensionsAreToldBeforeThoseOfCompression) {
  for (const char* name : {"a.jsonl", "b/a.jsonl.gz", "a.jsonl.zst", "a.jsonl.xz"})
    EXPECT_TRUE(is_json_lines(name)) << name;
  for (const char* name : {"a.json", "a.jsonl.d/b.txt", "a.jsonlike", "a.jsonl.txt"})
    EXPECT_FALSE(is_json_lines(name)) << name;
}

}  // namespace
}  // namespace albert::testing
