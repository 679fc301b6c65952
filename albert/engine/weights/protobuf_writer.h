#pragma once
// Messages in protobuf's wire format. Not installed.
#include <cstdint>
#include <string>

namespace albert {

inline std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

inline std::string fixed32(uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

// Fields of a message. A number that is 0 is written where 0 is not what its absence means.
inline std::string written_number_field(uint64_t field, uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string number_field(uint64_t field, uint64_t value) {
  return value == 0 ? "" : written_number_field(field, value);
}
inline std::string fixed32_field(uint64_t field, uint32_t value) {
  return varint(field << 3 | 5) + fixed32(value);
}
// What stands before the bytes of a field.
inline std::string bytes_header(uint64_t field, uint64_t size) {
  return varint(field << 3 | 2) + varint(size);
}
inline std::string bytes_field(uint64_t field, const std::string& bytes) {
  return bytes_header(field, bytes.size()) + bytes;
}

}  // namespace albert
