#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "albert/base/byte_reader.h"

// The parts of a message in protobuf's wire format, as bytes: a message is its fields behind each
// other (protobuf.dev, "Encoding").
namespace albert::protobuf {

std::string varint(uint64_t value);
std::string fixed32(uint32_t value);  // little-endian, without a field's number
std::string fixed64(uint64_t value);

// A number, which is left out where it is 0.
std::string number_field(uint64_t field, uint64_t value);
// A number that is written also where it is 0, because that is not what its absence means.
std::string written_number_field(uint64_t field, uint64_t value);
// What stands before the bytes of a field.
std::string bytes_header(uint64_t field, uint64_t size);
// A string, bytes, a message or packed numbers.
std::string bytes_field(uint64_t field, std::string_view bytes);
std::string fixed32_field(uint64_t field, uint32_t value);
std::string float_field(uint64_t field, float value);
std::string double_field(uint64_t field, double value);

// A field that was read: a number, or the bytes of a string or message.
struct Field {
  uint64_t number = 0, value = 0;
  std::string_view bytes;
};

// Walks over the fields of an untrusted message.
class Reader {
 public:
  // `name` stands for the place in messages. The bytes must outlive the reader.
  Reader(std::string name, std::string_view bytes)
      : reader_(std::move(name), std::as_bytes(std::span(bytes))) {}

  // Whether there is one more. Error(kBadData) for what is no field.
  bool next(Field& field);
  bool at_end() const { return reader_.remaining() == 0; }
  // A number without its field, as in packed lists.
  uint64_t varint();
  float f32();

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    reader_.fail_here(parts...);
  }

 private:
  ByteReader reader_;
};

}  // namespace albert::protobuf
