#include "albert/engine/weights/tf_messages.h"

#include <algorithm>
#include <array>
#include <bit>

#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr size_t kMaxRank = 16;

int64_t parse_dim(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  int64_t size = 0;
  for (Field field; message.next(field);)
    if (field.number == 1) size = message.size(field, "a dimension");
  return size;
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

TensorSlice parse_slice(const std::string& place, std::span<const std::byte> bytes) {
  FieldReader message(place, bytes);
  TensorSlice slice;
  for (Field field; message.next(field);) {
    if (field.number == 1) slice.push_back(parse_extent(place, message.message(field)));
    if (slice.size() > kMaxRank) message.fail_message("found over ", kMaxRank, " extents");
  }
  return slice;
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

void check_variable_name(const std::string& file, const std::string& name) {
  const bool is_text =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (!is_text)
    fail(ErrorCode::kBadData, file, ": found the name ", in_quotes(name),
         ", wanted one without control characters");
}

}  // namespace albert
