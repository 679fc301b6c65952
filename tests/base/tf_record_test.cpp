// TensorFlow's records and protobuf's fields, against bytes of others.
#include "albert/base/tf_record.h"

#include <gtest/gtest.h>

#include "albert/base/protobuf.h"

namespace albert::testing {
namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

// Made of TensorBoard's record writer: b"albert" and b"".
TEST(TfRecord, HasTheBytesOfTensorBoards) {
  EXPECT_EQ(hex(tf_record("albert")), "06000000000000007369d537616c62657274c27fa806");
  EXPECT_EQ(hex(tf_record("")), "000000000000000029039807d8ea82a2");
}

TEST(Protobuf, FieldsAreThoseOfTheWireFormat) {
  EXPECT_EQ(hex(protobuf::number_field(1, 150)), "089601");  // protobuf.dev's example
  EXPECT_EQ(protobuf::number_field(1, 0), "");
  EXPECT_EQ(hex(protobuf::number_field(2, ~uint64_t{0})), "10ffffffffffffffffff01");
  EXPECT_EQ(hex(protobuf::bytes_field(2, "testing")), "120774657374696e67");  // its example, too
  EXPECT_EQ(hex(protobuf::float_field(2, 1.5F)), "150000c03f");
  EXPECT_EQ(hex(protobuf::double_field(1, 1.5)), "09000000000000f83f");
}

}  // namespace
}  // namespace albert::testing
