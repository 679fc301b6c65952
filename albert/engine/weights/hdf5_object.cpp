#include "albert/engine/weights/hdf5_object.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "albert/base/byte_reader.h"

namespace albert {
namespace {

using Bytes = std::span<const std::byte>;

// Kinds of header messages.
constexpr uint32_t kDataspace = 1, kLinkInfo = 2, kDatatype = 3, kLink = 6, kExternal = 7,
                   kLayout = 8, kFilters = 11, kContinuation = 16, kSymbolTable = 17;
constexpr uint32_t kIsShared = 2;  // a flag
constexpr uint64_t kPrefixBytes = 16;
constexpr uint32_t kMaxRank = 16;

uint32_t u16(ByteReader& reader, const char* what) {
  const uint32_t low = reader.u8(what);
  return low | uint32_t{reader.u8(what)} << 8;
}

// A message of class 0 (integers) or 1 (floats), without the version in its first four bits: which
// bits hold what, and the size in bytes.
struct Type {
  std::string_view bytes;
  DType dtype;
};
using namespace std::string_view_literals;
constexpr std::array kTypes{
    Type{"\x01\x20\x1f\0\4\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0"sv, DType::kF32},
    Type{"\x01\x20\x3f\0\x08\0\0\0\0\0\x40\0\x34\x0b\0\x34\xff\3\0\0"sv, DType::kF64},
    Type{"\x01\x20\x0f\0\2\0\0\0\0\0\x10\0\x0a\5\0\x0a\x0f\0\0\0"sv, DType::kF16},
    Type{"\0\x08\0\0\x08\0\0\0\0\0\x40\0"sv, DType::kI64},
    Type{"\0\x08\0\0\4\0\0\0\0\0\x20\0"sv, DType::kI32},
    Type{"\0\0\0\0\1\0\0\0\0\0\x08\0"sv, DType::kU8}};

DType parse_type(const std::string& place, Bytes bytes) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.empty()) text[0] = static_cast<char>(text[0] & 0x0f);
  for (const Type& type : kTypes)
    if (text.starts_with(type.bytes)) return type.dtype;
  fail(ErrorCode::kBadData, place,
       ": found data of another type, wanted one of f32, f64, f16, i64, i32, u8, little-endian");
}

std::vector<int64_t> parse_shape(const std::string& place, Bytes bytes) {
  ByteReader reader(place, bytes);
  const uint32_t version = reader.u8("a shape's version"), rank = reader.u8("its dimensions"),
                 flags = reader.u8("its flags");
  const bool is_null = version == 2 && reader.u8("its type") == 2;
  if (version == 1) reader.bytes(5, "a shape");
  if (version < 1 || version > 2 || is_null || rank > kMaxRank || flags > 1)
    fail(ErrorCode::kBadData, place, ": found a shape of version ", version, " and ", rank,
         " dimensions, wanted version 1 or 2 and at most ", kMaxRank);
  std::vector<int64_t> shape;
  for (uint32_t d = 0; d < rank; ++d)
    shape.push_back(static_cast<int64_t>(reader.u64_at_most(INT64_MAX, "a dimension")));
  return shape;
}

// Reads the messages of one object.
class ObjectReader {
 public:
  ObjectReader(Hdf5Structures& structures, const std::string& place)
      : structures_(structures), place_(place) {}

  Hdf5Object read(uint64_t address) {
    const auto prefix = structures_.read(address, kPrefixBytes, "an object");
    ByteReader reader(place_, prefix, address);
    const uint32_t version = reader.u8("an object's version");
    if (version != 1)
      fail_object("found an object of another version than 1; save the file by h5py's defaults");
    reader.bytes(7, "an object's counts");
    chunks_.push_back({address + kPrefixBytes, reader.u32("an object's size")});
    while (!chunks_.empty()) {
      const Chunk chunk = chunks_.back();
      chunks_.pop_back();
      read_chunk(chunk);
    }
    check();
    return object_;
  }

 private:
  struct Chunk {
    uint64_t address, size;
  };

  template <class... Parts>
  [[noreturn]] void fail_object(const Parts&... parts) const {
    fail(ErrorCode::kBadData, place_, ": ", parts...);
  }
  void read_chunk(Chunk chunk) {
    const auto bytes = structures_.read(chunk.address, chunk.size, "an object's messages");
    ByteReader reader(place_, bytes, chunk.address);
    while (reader.remaining() >= 8) {
      const uint32_t kind = u16(reader, "a message"), size = u16(reader, "its size"),
                     flags = reader.u8("its flags");
      reader.bytes(3, "a message");
      const Bytes body = reader.bytes(size, "a message");
      const bool is_read = kind == kDataspace || kind == kDatatype || kind == kLayout;
      if (is_read && (flags & kIsShared) != 0) fail_object("found a shared message of kind ", kind);
      take(kind, body);
    }
  }
  void take(uint32_t kind, Bytes body) {
    ByteReader reader(place_, body);
    switch (kind) {
      case kDataspace: once(has_shape_), object_.info.shape = parse_shape(place_, body); break;
      case kDatatype: once(has_type_), object_.info.dtype = parse_type(place_, body); break;
      case kLayout: once(has_layout_), take_layout(reader); break;
      case kContinuation: {
        const uint64_t address = reader.u64("an address");
        chunks_.push_back({address, reader.u64("a size")});
        break;
      }
      case kSymbolTable:
        once(object_.is_group);
        object_.tree = reader.u64("a group's tree");
        object_.heap = reader.u64("a group's heap");
        break;
      case kFilters: fail_object("found compressed data, wanted them as they are");
      case kExternal: fail_object("found data in another file, wanted them in this one");
      case kLinkInfo:
      case kLink: fail_object("found a group of HDF5 1.8; save the file by h5py's defaults");
      default: break;
    }
  }
  void once(bool& has) const {
    if (has) fail_object("found two messages of one kind");
    has = true;
  }
  void take_layout(ByteReader& reader) {
    constexpr uint32_t kVersion = 3, kContiguous = 1;
    const uint32_t version = reader.u8("a layout's version"), layout = reader.u8("its kind");
    if (version != kVersion || layout != kContiguous)
      fail_object("found data of layout ", layout, " in version ", version,
                  ", wanted them in one piece: ", kContiguous, " in ", kVersion);
    object_.offset = reader.u64("the data's address");
    size_ = reader.u64("the data's size");
  }
  void check() {
    const TensorInfo& info = object_.info;
    if (object_.is_group) return;
    if (!has_shape_ || !has_type_ || !has_layout_)
      fail_object("found neither a group nor data with a shape and a type");
    const auto bytes = array_bytes(info.shape, info.dtype);
    if (!bytes) fail_object("found the impossible shape ", shape_string(info.shape));
    if (*bytes == 0) object_.offset = size_ = 0;
    if (*bytes != size_)
      fail_object("found ", size_, " bytes, wanted ", *bytes, ", which shape ",
                  shape_string(info.shape), " of ", info.dtype, " takes");
    const uint64_t file = structures_.file().size;
    if (size_ > file || object_.offset > file - size_)
      fail_object("found ", size_, " bytes from byte ", object_.offset, " on, wanted them within ",
                  file, ": is the file truncated?");
  }

  Hdf5Structures& structures_;
  const std::string& place_;
  std::vector<Chunk> chunks_;  // that are still to be read
  Hdf5Object object_;
  uint64_t size_ = 0;  // of the data
  bool has_shape_ = false, has_type_ = false, has_layout_ = false;
};

}  // namespace

void Hdf5Structures::check(uint64_t address, uint64_t n, const char* what) const {
  if (n > file_.size || address > file_.size - n)
    fail(ErrorCode::kBadData, file_.name, ": found ", what, " of ", n, " bytes at byte ", address,
         ", wanted it within ", file_.size, ": is the file truncated?");
}

void Hdf5Structures::charge(uint64_t address, uint64_t n, const char* what) {
  if (n > left_)
    fail(ErrorCode::kBadData, file_.name, ": byte ", address, ": found ", what,
         " behind structures that already fill the file: it holds itself or overlaps");
  left_ -= n;
}

std::vector<std::byte> Hdf5Structures::read(uint64_t address, uint64_t n, const char* what) {
  check(address, n, what);
  charge(address, n, what);
  std::vector<std::byte> bytes(n);
  file_.read_at(address, bytes);
  return bytes;
}

std::string Hdf5Structures::text(uint64_t address, uint64_t most, const char* what) {
  check(address, 1, what);
  std::string text(std::min(most + 1, file_.size - address), '\0');
  file_.read_at(address, std::as_writable_bytes(std::span(text)));
  const size_t end = text.find('\0');
  if (end == std::string::npos)
    fail(ErrorCode::kBadData, file_.name, ": byte ", address, ": found ", what, " of over ", most,
         " bytes");
  charge(address, end + 1, what);
  text.resize(end);
  return text;
}

Hdf5Object read_hdf5_object(Hdf5Structures& structures, const std::string& place,
                            uint64_t address) {
  return ObjectReader(structures, place).read(address);
}

}  // namespace albert
