#include "albert/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace albert::testing {
namespace {

uint32_t of(const std::string& text) { return crc32c(std::as_bytes(std::span(text))); }

TEST(Crc32c, IsWhatRfc3720Computes) {  // appendix B.4
  EXPECT_EQ(of(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(of(std::string(32, '\xff')), 0x62a8ab43U);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(of(ascending), 0x46dd794eU);
  EXPECT_EQ(of("123456789"), 0xe3069283U);
  EXPECT_EQ(of(""), 0U);
}

TEST(Crc32c, GoesOnBehindEarlierBytes) {
  const std::string text = "the checksum of a file that is read in pieces";
  const auto bytes = std::as_bytes(std::span(text));
  for (size_t n = 0; n <= text.size(); ++n)
    ASSERT_EQ(crc32c(bytes.subspan(n), crc32c(bytes.first(n))), of(text)) << n;
}

}  // namespace
}  // namespace albert::testing
