// Zip archives that are right, and each contradiction that another reader might not see.
#include "albert/engine/weights/torch_zip.h"

#include "tests/support/files.h"
#include "tests/support/torch_files.h"

namespace albert::testing {
namespace {

class TorchZip : public ::testing::Test {
 protected:
  std::string read(const std::string& bytes, const std::string& name) {
    write_bytes(path_, bytes);
    const InputFile file(path_);
    const ZipEntry entry = read_zip_entries(file).at(name);
    std::string data(entry.size, '\0');
    read_zip_entry(file, name, entry, 0, std::as_writable_bytes(std::span(data)));
    return data;
  }
  Refusal refusal(const std::string& bytes) {
    return refusal_of([&] { read(bytes, "a"); });
  }
  void expect_refused(const std::string& bytes, const std::string& says) {
    const Refusal r = refusal(bytes);
    EXPECT_EQ(r.code, ErrorCode::kBadData) << says;
    EXPECT_TRUE(r.says(says)) << r.what << "\n  wanted " << says;
  }
  // Two entries: "a" is at byte 0 with its data at 31, "b" at byte 38.
  static std::string sample() { return zip_of({{"a", "seventy"}, {"b", "data"}}); }
  static size_t directory_of(const std::string& bytes) { return bytes.find("PK\x01\x02"); }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "x.bin";
};

std::string with(std::string bytes, size_t at, const std::string& put) {
  return bytes.replace(at, put.size(), put);
}

TEST_F(TorchZip, StoredDeflatedAndDescribedEntries) {
  for (const bool deflated : {false, true})
    for (const bool described : {false, true}) {
      const std::string long_text(300'000, 'x');
      const std::string zip = zip_of({{"a", "data", deflated, described},
                                      {"empty", "", deflated, described},
                                      {"z", long_text, deflated, described}});
      EXPECT_EQ(read(zip, "a"), "data");
      EXPECT_EQ(read(zip, "empty"), "");
      EXPECT_EQ(read(zip, "z"), long_text);
    }
}

TEST_F(TorchZip, APartOfAnEntry) {
  for (const bool deflated : {false, true}) {
    write_bytes(path_, zip_of({{"a", "0123456789", deflated}}));
    const InputFile file(path_);
    ZipEntry entry = read_zip_entries(file).at("a");
    std::string part(3, '\0');
    read_zip_entry(file, "a", entry, 4, std::as_writable_bytes(std::span(part)));
    EXPECT_EQ(part, "456");
    entry.crc.reset();
    read_zip_entry(file, "a", entry, 7, std::as_writable_bytes(std::span(part)));
    EXPECT_EQ(part, "789");
  }
}

TEST_F(TorchZip, Zip64AsTorchWritesIt) {
  const std::string bytes = sample();
  const size_t directory = directory_of(bytes), size = bytes.size() - 22 - directory;
  const auto with_end64 = [&](uint64_t entries, uint64_t bytes_of_it, uint64_t offset) {
    const std::string end64 =
        "PK\x06\x06" + little_endian<uint64_t>(44) + std::string(4, '\x2d') + std::string(8, '\0') +
        little_endian<uint64_t>(entries) + little_endian<uint64_t>(entries) +
        little_endian<uint64_t>(bytes_of_it) + little_endian<uint64_t>(offset);
    return bytes.substr(0, bytes.size() - 22) + end64 + "PK\x06\x07" + std::string(4, '\0') +
           little_endian<uint64_t>(bytes.size() - 22) + little_endian<uint32_t>(1) +
           bytes.substr(bytes.size() - 22);
  };
  EXPECT_EQ(read(with_end64(2, size, directory), "a"), "seventy");
  for (const std::string& wrong :
       {with_end64(1, size, directory), with_end64(2, size - 1, directory),
        with_end64(2, size, directory + 1)})
    expect_refused(wrong, "the two ends of the zip archive contradict each other");
}

TEST_F(TorchZip, EachContradictionIsRefused) {
  const std::string bytes = sample();
  const size_t directory = directory_of(bytes), end = bytes.size() - 22;
  const std::string one(1, '\1');
  expect_refused(with(bytes, 33, "x"), "entry \"a\": found data with the CRC");
  expect_refused(with(bytes, 14, "x"), "its local header contradicts the directory");
  expect_refused(with(bytes, 18, "\x06"), "its local header contradicts the directory");
  expect_refused(with(bytes, 22, "\x06"), "its local header contradicts the directory");
  expect_refused(with(bytes, 30, "c"), "its local header contradicts the directory");
  expect_refused(with(bytes, 8, "\x08"), "its local header contradicts the directory");
  expect_refused(with(bytes, 6, "\x08"), "its local header contradicts the directory");
  expect_refused(with(bytes, 0, "QK"), "found no local header for it");
  expect_refused(with(bytes, 28, "\xff\xff"), "found no local header for it");
  expect_refused(with(bytes, directory + 8, one), "found the flags 1, wanted an entry that is not");
  expect_refused(with(bytes, directory + 10, "\x0c"), "found the method 12, wanted 0 (stored)");
  expect_refused(with(with(bytes, 22, "\x06"), directory + 24, "\x06"),
                 "found 6 bytes stored in 7");
  expect_refused(with(bytes, directory + 34, one), "found an archive in several parts");
  expect_refused(with(bytes, directory + 42, one), "found 1 bytes before the first entry");
  expect_refused(with(bytes, directory + 46, "\n"), "found the name \"\\x0a\", wanted 1 to 4096");
  expect_refused(with(bytes, directory, "QK"), "wanted an entry of the directory");
  expect_refused(with(bytes, end + 8, one + std::string(1, '\0') + one),
                 "bytes behind the last entry of the directory");
  expect_refused(with(bytes, end + 16, one), "wanted one that ends at byte");
  expect_refused(bytes + "x", "found no end of a zip archive: is the file truncated?");
  expect_refused(zip_of({{"a", "1"}, {"a", "2"}}), "found two entries \"a\", wanted one");
}

// The same bytes for two entries, as in a bomb; and bytes that no entry has.
TEST_F(TorchZip, EntriesNeitherOverlapNorLeaveGaps) {
  const std::string bytes = sample();
  const size_t second = directory_of(bytes) + 47;
  expect_refused(with(bytes, second + 42, std::string(1, '\0')), "entry \"");
  std::string gap = bytes;
  gap.insert(38, "hidden");
  const size_t end = gap.size() - 22;
  gap = with(gap, end + 16, little_endian<uint32_t>(directory_of(gap)));
  gap = with(gap, directory_of(gap) + 47 + 42, little_endian<uint32_t>(44));
  expect_refused(gap, "found 6 bytes behind its data, wanted the next entry");
}

TEST_F(TorchZip, ADescriptorSaysWhatTheDirectorySays) {
  const std::string bytes = zip_of({{"a", "data", false, true}});
  const size_t descriptor = bytes.find("PK\x07\x08");
  for (const size_t at : {size_t{0}, size_t{4}, size_t{8}, size_t{12}})
    expect_refused(with(bytes, descriptor + at, "?"), "its data descriptor contradicts");
}

TEST_F(TorchZip, DeflatedEntriesMayNotGrowBeyondTheFile) {
  const std::string zeros(1 << 23, '\0');
  expect_refused(zip_of({{"a", zeros, true}}),
                 "inflates to 8388608 bytes, wanted deflated entries");
  const std::string half(zeros.substr(0, 3 << 20));
  expect_refused(zip_of({{"a", half, true}, {"b", half, true}}), "entry \"b\": inflates to");
}

TEST_F(TorchZip, DeflatedDataThatLieAreRefused) {
  const std::string text = "a text that is deflated, deflated, deflated",
                    zip = zip_of({{"a", text, true}});
  const size_t directory = directory_of(zip);
  const auto with_size = [&](size_t size) {
    const std::string number = little_endian<uint32_t>(size);
    return with(with(zip, 22, number), directory + 24, number);
  };
  expect_refused(with_size(text.size() + 1), "its data inflate to less than 44 bytes");
  expect_refused(with_size(text.size() - 1), "its data inflate to more than 42 bytes");
  expect_refused(with(zip, 31, "\xff\xff"), "its deflated data are damaged");
}

TEST_F(TorchZip, EveryTruncationIsRefused) {
  const std::string bytes = sample();
  for (size_t n = 0; n < bytes.size(); ++n)
    ASSERT_EQ(refusal(bytes.substr(0, n)).code, ErrorCode::kBadData) << n;
}

}  // namespace
}  // namespace albert::testing
