#include "albert/base/byte_reader.h"

namespace albert {

std::span<const std::byte> ByteReader::bytes(uint64_t n, const char* what) {
  if (n > remaining()) fail_here(what, " needs ", n, " bytes, ", remaining(), " are left");
  const auto result = bytes_.subspan(position_, static_cast<size_t>(n));
  position_ += static_cast<size_t>(n);
  return result;
}

std::string_view ByteReader::text(uint64_t n, const char* what) {
  const auto b = bytes(n, what);
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

uint64_t ByteReader::u64_at_most(uint64_t cap, const char* what) {
  const uint64_t at = offset();
  const uint64_t value = u64(what);
  if (value > cap)
    fail(ErrorCode::kBadData, name_, ": byte ", at, ": ", what, " is ", value, ", may be at most ",
         cap);
  return value;
}

uint64_t ByteReader::little_endian(size_t n, const char* what) {
  uint64_t value = 0;
  const auto b = bytes(n, what);
  for (size_t i = 0; i < n; ++i) value |= std::to_integer<uint64_t>(b[i]) << (8 * i);
  return value;
}

}  // namespace albert
