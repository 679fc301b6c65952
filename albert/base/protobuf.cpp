#include "albert/base/protobuf.h"

#include <bit>

namespace albert::protobuf {
namespace {

enum Wire : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string key(uint64_t field, Wire wire) { return varint(field << 3 | wire); }

std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

}  // namespace

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string fixed32(uint32_t value) { return little_endian(value, 4); }
std::string fixed64(uint64_t value) { return little_endian(value, 8); }

std::string written_number_field(uint64_t field, uint64_t value) {
  return key(field, kVarint) + varint(value);
}

std::string number_field(uint64_t field, uint64_t value) {
  return value == 0 ? "" : written_number_field(field, value);
}

std::string bytes_header(uint64_t field, uint64_t size) {
  return key(field, kBytes) + varint(size);
}

std::string bytes_field(uint64_t field, std::string_view bytes) {
  return bytes_header(field, bytes.size()).append(bytes);
}

std::string fixed32_field(uint64_t field, uint32_t value) {
  return key(field, kFixed32) + fixed32(value);
}

std::string float_field(uint64_t field, float value) {
  return fixed32_field(field, std::bit_cast<uint32_t>(value));
}

std::string double_field(uint64_t field, double value) {
  return key(field, kFixed64) + fixed64(std::bit_cast<uint64_t>(value));
}

uint64_t Reader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const uint64_t byte = reader_.u8("a number");
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  reader_.fail_here("found a number of more than 10 bytes");
}

float Reader::f32() { return std::bit_cast<float>(reader_.u32("a number")); }

bool Reader::next(Field& field) {
  if (at_end()) return false;
  const uint64_t key = varint();
  field = {key >> 3, 0, {}};
  switch (key & 7) {
    case kVarint: field.value = varint(); break;
    case kFixed64: field.value = reader_.u64("a number"); break;
    case kFixed32: field.value = reader_.u32("a number"); break;
    case kBytes: field.bytes = reader_.text(varint(), "a field"); break;
    default: reader_.fail_here("found a field of wire type ", key & 7, ", wanted 0, 1, 2 or 5");
  }
  return true;
}

}  // namespace albert::protobuf
