#include "albert/base/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

namespace albert {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // with its bits reversed
constexpr size_t kStride = 8;                 // bytes of one step

// Row i holds what each value of a byte contributes when i more bytes follow it in a step.
using Tables = std::array<std::array<uint32_t, 256>, kStride>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t value = 0; value < 256; ++value) {
    uint32_t crc = value;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][value] = crc;
  }
  for (size_t i = 1; i < kStride; ++i)
    for (size_t value = 0; value < 256; ++value) {
      const uint32_t before = tables[i - 1][value];
      tables[i][value] = (before >> 8) ^ tables[0][before & 0xff];
    }
  return tables;
}
constexpr Tables kTables = make_tables();

static_assert(std::endian::native == std::endian::little, "eight bytes are read as one number");

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t crc) {
  crc = ~crc;
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= kStride; at += kStride, left -= kStride) {
    uint64_t word;
    std::memcpy(&word, at, kStride);
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < kStride; ++i) crc ^= kTables[kStride - 1 - i][(word >> (8 * i)) & 0xff];
  }
  for (; left > 0; ++at, --left)
    crc = (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<uint32_t>(*at)) & 0xff];
  return ~crc;
}

uint32_t masked_crc32c(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8U; }

}  // namespace albert
