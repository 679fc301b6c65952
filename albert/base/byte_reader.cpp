#include "albert/base/byte_reader.h"

#include <algorithm>

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

std::string_view ByteReader::line(const char* what) {
  const auto left = bytes_.subspan(position_);
  const auto end = std::find(left.begin(), left.end(), std::byte{'\n'});
  if (end == left.end()) fail_here(what, " has no end");
  const std::string_view found = text(static_cast<uint64_t>(end - left.begin()), what);
  ++position_;
  return found;
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
