#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "albert/base/error.h"

namespace albert {

// Walks over untrusted bytes. Every read is checked against what is left; nothing it returns lies
// outside. Reads of the readers of binary formats go through here. Numbers are little-endian. The
// bytes must outlive the reader.
class ByteReader {
 public:
  // `name` stands for the path in messages; `origin` is the file offset of bytes[0].
  ByteReader(std::string name, std::span<const std::byte> bytes, uint64_t origin = 0)
      : name_(std::move(name)), bytes_(bytes), origin_(origin) {}

  size_t remaining() const { return bytes_.size() - position_; }
  uint64_t offset() const { return origin_ + position_; }

  uint8_t u8(const char* what) { return static_cast<uint8_t>(little_endian(1, what)); }
  uint32_t u32(const char* what) { return static_cast<uint32_t>(little_endian(4, what)); }
  uint64_t u64(const char* what) { return little_endian(8, what); }

  // A count or length that may be at most `cap`: Error(kBadData) naming both otherwise.
  uint64_t u64_at_most(uint64_t cap, const char* what);

  // The next n bytes, not copied.
  std::span<const std::byte> bytes(uint64_t n, const char* what);
  std::string_view text(uint64_t n, const char* what);
  // Up to the next line feed, which is skipped.
  std::string_view line(const char* what);

  // Error(kBadData) "name: byte 123: parts".
  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail(ErrorCode::kBadData, name_, ": byte ", offset(), ": ", parts...);
  }

 private:
  uint64_t little_endian(size_t n, const char* what);

  std::string name_;
  std::span<const std::byte> bytes_;
  uint64_t origin_;
  size_t position_ = 0;
};

}  // namespace albert
