// Lines of plain and compressed files; a cut stream is an error.
#include "albert/base/text_reader.h"

#include <zstd.h>

#include <vector>

#include "tests/support/deflate.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

std::string gzipped(const std::string& text) { return deflated(text, 15 + 16); }

std::string zstded(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  TextReader reader(path);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

TEST(TextReader, PlainAndCompressedGiveTheSameLines) {
  const TemporaryFolder folder;
  std::string text = "one\r\ntwo\n\n";
  for (int i = 0; i < 60000; ++i) text += "line " + std::to_string(i) + "\n";
  text += "last";
  write_bytes(folder / "a.txt", text);
  write_bytes(folder / "a.gz",
              gzipped(text.substr(0, 5000)) + gzipped(text.substr(5000)));  // two members
  write_bytes(folder / "a.zst", zstded(text));
  const auto lines = lines_of(folder / "a.txt");
  ASSERT_EQ(lines.size(), 60004U);
  EXPECT_EQ(lines[0], "one");
  EXPECT_EQ(lines.back(), "last");
  EXPECT_EQ(lines_of(folder / "a.gz"), lines);
  EXPECT_EQ(lines_of(folder / "a.zst"), lines);
}

TEST(TextReader, ACutStreamIsAnErrorAndNoShorterText) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919 % 10007) + "\n";
  for (const std::string& whole : {gzipped(text), zstded(text)})
    for (const size_t cut : {size_t{7}, whole.size() / 2, whole.size() - 1}) {
      write_bytes(folder / "cut", whole.substr(0, cut));
      EXPECT_EQ(refusal_of([&] { lines_of(folder / "cut"); }).code, ErrorCode::kBadData) << cut;
    }
  EXPECT_EQ(refusal_of([&] { lines_of(folder / "absent"); }).code, ErrorCode::kMissingInput);
  EXPECT_TRUE(refusal_of([&] { lines_of(folder.path()); }).says("is a folder"));
}

}  // namespace
}  // namespace albert::testing
