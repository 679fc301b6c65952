#include "albert/base/byte_reader.h"

#include "tests/support/files.h"

namespace albert::testing {
namespace {

class ByteReaderTest : public ::testing::Test {
 protected:
  const std::string bytes_{"\x01\x02\x03\x04\x05\x06\x07\x88tail", 12};
  ByteReader reader_{"f", std::as_bytes(std::span(bytes_)), 100};
};

TEST_F(ByteReaderTest, NumbersAreLittleEndian) {
  ByteReader other = reader_;
  EXPECT_EQ(other.u64("n"), 0x8807060504030201U);
  EXPECT_EQ(other.text(4, "t"), "tail");
  EXPECT_EQ(other.remaining(), 0U);
  EXPECT_EQ(reader_.u8("n"), 1);
  EXPECT_EQ(reader_.u32("n"), 0x05040302U);
  EXPECT_EQ(reader_.offset(), 105U);
}

TEST_F(ByteReaderTest, NothingBeyondTheEndIsRead) {
  reader_.u64("n");
  const Refusal r = refusal_of([&] { reader_.u64("the count"); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_EQ(r.what, "f: byte 108: the count needs 8 bytes, 4 are left");
  EXPECT_EQ(refusal_of([&] { reader_.bytes(5, "one too many"); }).code, ErrorCode::kBadData);
  EXPECT_EQ(refusal_of([&] { reader_.bytes(UINT64_MAX, "a"); }).code, ErrorCode::kBadData);
  EXPECT_EQ(reader_.bytes(4, "the rest").size(), 4U);
}

TEST(ByteReader, LinesEndAtALineFeed) {
  const std::string bytes = "os\n\nsystem";
  ByteReader reader("f", std::as_bytes(std::span(bytes)));
  EXPECT_EQ(reader.line("a module"), "os");
  EXPECT_EQ(reader.line("a name"), "");
  EXPECT_EQ(refusal_of([&] { reader.line("a name"); }).what, "f: byte 4: a name has no end");
}

TEST_F(ByteReaderTest, CountsHaveCaps) {
  ByteReader other = reader_;
  EXPECT_EQ(other.u64_at_most(UINT64_MAX, "n"), 0x8807060504030201U);
  EXPECT_EQ(refusal_of([&] { reader_.u64_at_most(1000, "length"); }).what,
            "f: byte 100: length is 9801809732607083009, may be at most 1000");
}

}  // namespace
}  // namespace albert::testing
