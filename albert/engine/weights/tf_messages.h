#pragma once
// The messages of TensorFlow's checkpoints, in protobuf's wire format. Not installed.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "albert/base/byte_reader.h"
#include "albert/engine/weights/tf_table.h"
#include "albert/engine/weights/weight_source.h"

namespace albert {

// `length` elements of one dimension from `start` on; all of them where it is negative.
struct TensorExtent {
  int64_t start = 0, length = -1;
  bool operator==(const TensorExtent&) const = default;
};
using TensorSlice = std::vector<TensorExtent>;  // an extent for each dimension

// A message's field: a number, or the bytes of a text or message.
struct Field {
  uint64_t number = 0, value = 0;
  std::span<const std::byte> bytes;
};

// Reads the fields of a message in protobuf's wire format; every failure is Error(kBadData) that
// `place` begins.
class FieldReader {
 public:
  FieldReader(const std::string& place, std::span<const std::byte> bytes)
      : place_(place), reader_(place, bytes) {}

  bool next(Field& field) {
    if (reader_.remaining() == 0) return false;
    const uint64_t tag = read_varint(reader_, "a field");
    field = {tag >> 3, 0, {}};
    if (field.number == 0 || field.number >= kFieldNumbers)
      reader_.fail_here("found a field of number ", field.number);
    type_ = tag & 7;
    switch (type_) {
      case kVarint: field.value = read_varint(reader_, "a number"); break;
      case kFixed64: field.value = reader_.u64("a number"); break;
      case kFixed32: field.value = reader_.u32("a number"); break;
      case kBytes: field.bytes = reader_.bytes(read_varint(reader_, "a length"), "a field"); break;
      default: reader_.fail_here("found a field of wire type ", type_, ", wanted 0, 1, 2 or 5");
    }
    return true;
  }
  std::span<const std::byte> message(const Field& field) const {
    check(field, kBytes);
    return field.bytes;
  }
  uint64_t number(const Field& field) const {
    check(field, kVarint);
    return field.value;
  }
  uint32_t fixed32(const Field& field) const {
    check(field, kFixed32);
    return static_cast<uint32_t>(field.value);
  }
  uint64_t fixed64(const Field& field) const {
    check(field, kFixed64);
    return field.value;
  }
  // Whether numbers of a repeated field lie packed in bytes.
  bool is_packed() const { return type_ == kBytes; }
  // A number of an int64 that must not be negative.
  int64_t size(const Field& field, const char* what) const {
    const uint64_t value = number(field);
    if (value > static_cast<uint64_t>(INT64_MAX))
      fail_message(what, ": found ", static_cast<int64_t>(value), ", wanted 0 or more");
    return static_cast<int64_t>(value);
  }
  template <class... Parts>
  [[noreturn]] void fail_message(const Parts&... parts) const {
    fail(ErrorCode::kBadData, place_, ": ", parts...);
  }

 private:
  static constexpr uint64_t kFieldNumbers = 1 << 29;
  static constexpr uint64_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

  void check(const Field& field, uint64_t wanted) const {
    if (type_ != wanted)
      fail_message("field ", field.number, ": found wire type ", type_, ", wanted ", wanted);
  }

  std::string place_;
  ByteReader reader_;
  uint64_t type_ = 0;  // of the field read last
};

// DataType of tensorflow/core/framework/types.proto.
DType dtype_of(const FieldReader& message, uint64_t value);

// TensorShapeProto, of at most 16 dimensions, and TensorSliceProto.
std::vector<int64_t> parse_shape(const std::string& place, std::span<const std::byte> bytes);
TensorSlice parse_slice(const std::string& place, std::span<const std::byte> bytes);

// The key under which a table keeps a slice of a tensor (checkpoint::EncodeTensorNameSlice).
std::string slice_key(std::string_view tensor, const TensorSlice& slice);

// Error(kBadData) for a name with control characters.
void check_variable_name(const std::string& file, const std::string& name);

}  // namespace albert
