#include "albert/engine/weights/tf_bundle_entry.h"

#include <algorithm>
#include <array>
#include <bit>

#include "albert/base/byte_reader.h"
#include "albert/engine/weights/tf_table.h"

namespace albert {
namespace {

constexpr size_t kMaxRank = 16;
constexpr uint64_t kNewestVersion = 1;  // of the format
constexpr uint64_t kMaxShards = 99999;  // names of files have five digits
constexpr uint64_t kMaxSlices = 1024;   // of one tensor
constexpr uint64_t kMaxFieldNumber = 1 << 29;

// A message's field: a number, or the bytes of a text or message.
struct Field {
  uint64_t number = 0, value = 0;
  std::span<const std::byte> bytes;
};

// Reads the fields of a message in protobuf's wire format.
class FieldReader {
 public:
  FieldReader(const std::string& place, std::span<const std::byte> bytes)
      : place_(place), reader_(place, bytes) {}

  bool next(Field& field) {
    if (reader_.remaining() == 0) return false;
    const uint64_t tag = read_varint(reader_, "a field");
    field = {tag >> 3, 0, {}};
    if (field.number == 0 || field.number >= kMaxFieldNumber)
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
  static constexpr uint64_t kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;

  void check(const Field& field, uint64_t wanted) const {
    if (type_ != wanted)
      fail_message("field ", field.number, ": found wire type ", type_, ", wanted ", wanted);
  }

  const std::string& place_;
  ByteReader reader_;
  uint64_t type_ = 0;  // of the field read last
};

// DataType of tensorflow/core/framework/types.proto.
DType dtype_of(const FieldReader& message, uint64_t value) {
  switch (value) {
    case 1: return DType::kF32;
    case 2: return DType::kF64;
    case 3: return DType::kI32;
    case 4:
    case 10: return DType::kU8;
    case 9: return DType::kI64;
    case 14: return DType::kBF16;
    case 19: return DType::kF16;
    default:
      message.fail_message("dtype: found TensorFlow's type ", value,
                           ", wanted one of 1 (float), 2 (double), 3 (int32), 4 (uint8), 9 (int64),"
                           " 10 (bool), 14 (bfloat16), 19 (half)");
  }
}

int64_t parse_dim(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  int64_t size = 0;
  for (Field field; message.next(field);)
    if (field.number == 1) size = message.size(field, "a dimension");
  return size;
}

std::vector<int64_t> parse_shape(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  std::vector<int64_t> shape;
  for (Field field; message.next(field);) {
    if (field.number == 2) shape.push_back(parse_dim(place, message.message(field)));
    if (field.number == 3 && message.number(field) != 0)
      message.fail_message("found a shape that is not known");
    if (shape.size() > kMaxRank) message.fail_message("found over ", kMaxRank, " dimensions");
  }
  return shape;
}

TensorExtent parse_extent(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  TensorExtent extent;
  for (Field field; message.next(field);) {
    if (field.number == 1) extent.start = message.size(field, "the start of a slice");
    if (field.number == 2) extent.length = message.size(field, "the length of a slice");
  }
  return extent;
}

TensorSlice parse_slice(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  TensorSlice slice;
  for (Field field; message.next(field);) {
    if (field.number == 1) slice.push_back(parse_extent(place, message.message(field)));
    if (slice.size() > kMaxRank) message.fail_message("found over ", kMaxRank, " extents");
  }
  return slice;
}

void read_entry_field(BundleEntry& entry, const FieldReader& message, const std::string& place,
                      const Field& field) {
  switch (field.number) {
    case 1: entry.info.dtype = dtype_of(message, message.number(field)); break;
    case 2: entry.info.shape = parse_shape(place, message.message(field)); break;
    case 3: entry.shard = message.number(field); break;
    case 4: entry.offset = message.number(field); break;
    case 5: entry.size = message.number(field); break;
    case 6: entry.masked_crc32c = message.fixed32(field); break;
    case 7: entry.slices.push_back(parse_slice(place, message.message(field))); break;
    default: break;
  }
  if (entry.slices.size() > kMaxSlices) message.fail_message("found over ", kMaxSlices, " slices");
}

void check_entry(const BundleEntry& entry, const FieldReader& message) {
  const auto bytes = array_bytes(entry.info.shape, entry.info.dtype);
  if (!bytes) message.fail_message("found the impossible shape ", shape_string(entry.info.shape));
  if (entry.slices.empty() && *bytes != entry.size)
    message.fail_message("found ", entry.size, " bytes, wanted ", *bytes, ", which shape ",
                         shape_string(entry.info.shape), " of ", entry.info.dtype, " takes");
  for (const TensorSlice& slice : entry.slices)
    if (slice.size() != entry.info.shape.size())
      message.fail_message("found a slice of ", slice.size(), " dimensions, wanted ",
                           entry.info.shape.size());
}

// The encodings below are those of tensorflow/core/lib/strings/ordered_code.cc, under which keys
// sort as what they stand for.
void append_number(std::string& key, uint64_t value) {
  std::string digits;
  for (; value > 0; value >>= 8) digits.insert(digits.begin(), static_cast<char>(value & 0xff));
  key += static_cast<char>(digits.size());
  key += digits;
}

void append_text(std::string& key, std::string_view text) {
  for (const char c : text) {
    key += c;
    if (c == '\0') key += '\xff';
    if (c == '\xff') key += '\0';
  }
  key += '\0';
  key += '\x01';
}

// n bytes hold 7 n - 1 bits and the sign. Their first n bits are ones, which a negative number
// turns over.
void append_signed(std::string& key, int64_t value) {
  const auto magnitude = static_cast<uint64_t>(value < 0 ? ~value : value);
  const size_t size = static_cast<size_t>(std::bit_width(magnitude)) / 7 + 1;
  std::array<uint8_t, 10> bytes{};  // of the number, its highest first
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t shift = 8 * (bytes.size() - 1 - i);
    const int64_t rest = shift < 64 ? value >> shift : value >> 63;
    bytes[i] = static_cast<uint8_t>(rest);
  }
  const size_t first = bytes.size() - size;
  for (size_t bit = 0; bit < size; ++bit)
    bytes[first + bit / 8] ^= static_cast<uint8_t>(0x80 >> (bit % 8));
  key.append(reinterpret_cast<const char*>(bytes.data()) + first, size);
}

}  // namespace

uint64_t parse_bundle_header(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  uint64_t shards = 0, wanted = 0;
  for (Field field; message.next(field);) {
    if (field.number == 1) shards = message.number(field);
    if (field.number == 2 && message.number(field) != 0)
      message.fail_message("found the data of a big-endian machine, wanted little-endian ones");
    if (field.number != 3) continue;
    FieldReader version(place, message.message(field));
    for (Field part; version.next(part);)
      if (part.number == 2) wanted = version.number(part);
  }
  if (wanted > kNewestVersion)
    message.fail_message("found a checkpoint for readers of version ", wanted, ", wanted at most ",
                         kNewestVersion);
  if (shards == 0 || shards > kMaxShards)
    message.fail_message("found ", shards, " data files, wanted 1 to ", kMaxShards);
  return shards;
}

BundleEntry parse_bundle_entry(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  BundleEntry entry;
  bool has_dtype = false;
  for (Field field; message.next(field);) {
    has_dtype |= field.number == 1;
    read_entry_field(entry, message, place, field);
  }
  if (!has_dtype) message.fail_message("found no dtype");
  check_entry(entry, message);
  return entry;
}

std::string slice_key(std::string_view tensor, const TensorSlice& slice) {
  std::string key;
  append_number(key, 0);
  append_text(key, tensor);
  append_number(key, slice.size());
  for (const TensorExtent& extent : slice) {
    append_signed(key, extent.start);
    append_signed(key, extent.length);
  }
  return key;
}

}  // namespace albert
