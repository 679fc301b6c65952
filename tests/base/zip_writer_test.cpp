#include "albert/base/zip_writer.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <vector>

namespace albert::testing {
namespace {

size_t number_at(const std::string& bytes, size_t at, size_t size) {
  size_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

std::string inflated(std::string data, size_t size) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -MAX_WBITS), Z_OK);
  std::string bytes(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  return bytes;
}

// What a reader finds that starts from the end, as readers of zip files do.
std::vector<FileToZip> entries_in(const std::string& zip) {
  const size_t end = zip.size() - 22;
  EXPECT_EQ(zip.substr(end, 4), "PK\5\6");
  std::vector<FileToZip> entries;
  size_t at = number_at(zip, end + 16, 4);
  for (size_t i = 0; i < number_at(zip, end + 10, 2); ++i) {
    EXPECT_EQ(zip.substr(at, 4), "PK\1\2");
    const size_t crc = number_at(zip, at + 16, 4), packed = number_at(zip, at + 20, 4),
                 size = number_at(zip, at + 24, 4), name = number_at(zip, at + 28, 2),
                 local = number_at(zip, at + 42, 4);
    EXPECT_EQ(zip.substr(local, 4), "PK\3\4");
    EXPECT_EQ(zip.substr(local + 4, 26), zip.substr(at + 6, 26)) << "two headers that differ";
    FileToZip entry{zip.substr(at + 46, name),
                    inflated(zip.substr(local + 30 + name, packed), size)};
    EXPECT_EQ(zip.substr(local + 30, name), entry.name);
    EXPECT_EQ(entry.bytes.size(), size);
    EXPECT_EQ(crc32_z(0, reinterpret_cast<const Bytef*>(entry.bytes.data()), size), crc);
    entries.push_back(entry);
    at += 46 + name;
  }
  EXPECT_EQ(at, end);
  EXPECT_EQ(number_at(zip, end + 12, 4), end - number_at(zip, end + 16, 4));
  return entries;
}

TEST(ZipWriter, GivesBackWhatItHolds) {
  std::string long_text;
  for (int i = 0; i < 20000; ++i) long_text += std::to_string(i) + "\tentailment\n";
  const std::vector<FileToZip> entries = {
      {"CoLA.tsv", "index\tprediction\n0\t1\n"}, {"empty", ""}, {"AX.tsv", long_text}};
  const std::string zip = zip_of(entries);
  EXPECT_LT(zip.size(), long_text.size() / 3);
  const auto back = entries_in(zip);
  ASSERT_EQ(back.size(), entries.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].name, entries[i].name);
    EXPECT_EQ(back[i].bytes, entries[i].bytes);
  }
  EXPECT_EQ(zip_of(entries), zip);
  EXPECT_TRUE(entries_in(zip_of({})).empty());
}

}  // namespace
}  // namespace albert::testing
