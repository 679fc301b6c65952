#include "albert/engine/weights/tf_table.h"

#include <snappy.h>

#include <array>
#include <optional>

#include "albert/base/crc32c.h"

namespace albert {
namespace {

constexpr uint64_t kFooterBytes = 48, kTrailerBytes = 5;
constexpr uint64_t kMagic = 0xdb4775248b80fb57;
constexpr uint8_t kPlain = 0, kSnappy = 1;
constexpr uint64_t kMaxKeyBytes = 4096;
constexpr uint64_t kRoomForABlock = 4 << 20;  // bytes, beside the size of the file

using Bytes = std::vector<std::byte>;

struct BlockHandle {
  uint64_t offset = 0, size = 0;  // without the block's trailer
};

// A handle of a block that lies before the footer of a table of that size.
BlockHandle read_handle(ByteReader& reader, uint64_t file_size) {
  BlockHandle handle;
  handle.offset = read_varint(reader, "a block's offset");
  handle.size = read_varint(reader, "a block's size");
  const uint64_t end = file_size - kFooterBytes;
  if (end < kTrailerBytes || handle.size > end - kTrailerBytes ||
      handle.offset > end - kTrailerBytes - handle.size)
    reader.fail_here("found a block of ", handle.size, " bytes at byte ", handle.offset,
                     ", wanted one within ", end, " bytes: is the file truncated?");
  return handle;
}

Bytes uncompressed(const PlacedBytes& file, BlockHandle handle, const Bytes& block) {
  const auto* from = reinterpret_cast<const char*>(block.data());
  size_t size = 0;
  const auto fail_block = [&](const auto&... parts) {
    fail(ErrorCode::kBadData, file.name, ": byte ", handle.offset, ": found ", parts...);
  };
  if (!snappy::GetUncompressedLength(from, handle.size, &size))
    fail_block("a damaged block, wanted one compressed with snappy");
  const uint64_t most = file.size - handle.size + kRoomForABlock;
  if (size > most) fail_block("a block of ", size, " uncompressed bytes, wanted at most ", most);
  // A valid block is checked before its length is believed.
  if (!snappy::IsValidCompressedBuffer(from, handle.size))
    fail_block("a damaged block, wanted one compressed with snappy");
  Bytes result(size);
  snappy::RawUncompress(from, handle.size, reinterpret_cast<char*>(result.data()));
  return result;
}

// The contents of a block whose checksum holds.
Bytes read_block(const PlacedBytes& file, BlockHandle handle) {
  Bytes block(handle.size + kTrailerBytes);
  file.read_at(handle.offset, block);
  ByteReader trailer(file.name, std::span(block).subspan(handle.size), handle.offset + handle.size);
  const uint8_t type = trailer.u8("a block's type");
  const uint32_t stored = trailer.u32("a block's checksum"),
                 computed = masked_crc32c(crc32c(std::span(block).first(handle.size + 1)));
  if (stored != computed)
    fail(ErrorCode::kBadData, file.name, ": byte ", handle.offset, ": found checksum ", computed,
         " of a block, wanted ", stored, ": is the file damaged?");
  if (type == kSnappy) return uncompressed(file, handle, block);
  if (type != kPlain)
    trailer.fail_here("found a block of type ", unsigned{type}, ", wanted 0 (plain) or 1 (snappy)");
  block.resize(handle.size);
  return block;
}

// The entries of a block, without the offsets at its end, which serve to search in it.
std::span<const std::byte> entries_of(const std::string& place, std::span<const std::byte> block) {
  constexpr uint64_t kNumber = sizeof(uint32_t);
  if (block.size() < kNumber)
    fail(ErrorCode::kBadData, place, ": found a block of ", block.size(), " bytes, wanted ",
         kNumber, " or more");
  ByteReader end(place, block.subspan(block.size() - kNumber));
  const uint64_t offsets = end.u32("the number of restarts");
  if (offsets > block.size() / kNumber - 1)
    fail(ErrorCode::kBadData, place, ": found ", offsets, " restarts in a block of ", block.size(),
         " bytes, wanted at most ", block.size() / kNumber - 1);
  return block.first(block.size() - kNumber * (offsets + 1));
}

// Visits the entries of one block; `key` is the key before it, and becomes the block's last.
void visit_block(const std::string& place, std::span<const std::byte> block, std::string& key,
                 bool& is_first, const TableVisitor& visit) {
  ByteReader reader(place, entries_of(place, block));
  std::string next;
  while (reader.remaining() > 0) {
    const uint64_t shared = read_varint(reader, "a key's shared bytes"),
                   own = read_varint(reader, "a key's own bytes"),
                   value = read_varint(reader, "a value's length");
    if (shared > next.size())
      reader.fail_here("found a key that shares ", shared, " bytes with one of ", next.size());
    if (own > kMaxKeyBytes - shared)
      reader.fail_here("found a key of over ", kMaxKeyBytes, " bytes");
    next.resize(shared);
    next += reader.text(own, "a key");
    if (!is_first && next <= key)
      reader.fail_here("found a key that is not behind the one before it");
    is_first = false;
    key = next;
    visit(key, reader.bytes(value, "a value"));
  }
}

// A handle of the index, whose block lies behind the ones before, which end at `end`.
BlockHandle handle_behind(const PlacedBytes& file, std::span<const std::byte> value,
                          uint64_t& end) {
  ByteReader reader(file.name + ": index", value);
  const BlockHandle handle = read_handle(reader, file.size);
  if (handle.offset < end)
    reader.fail_here("found a block at byte ", handle.offset, " of the file, wanted it behind ",
                     end);
  end = handle.offset + handle.size + kTrailerBytes;
  return handle;
}

std::string place_of(const PlacedBytes& file, const BlockHandle& handle) {
  return file.name + ": block at " + std::to_string(handle.offset);
}

BlockHandle read_footer(const PlacedBytes& file) {
  if (file.size < kFooterBytes)
    fail(ErrorCode::kBadData, file.name, ": found ", file.size,
         " bytes, wanted a table, which has ", kFooterBytes, " or more: is the file truncated?");
  std::array<std::byte, kFooterBytes> footer{};
  const uint64_t at = file.size - kFooterBytes;
  file.read_at(at, footer);
  ByteReader magic(file.name, std::span(footer).last(sizeof kMagic), file.size - sizeof kMagic);
  if (magic.u64("the table's mark") != kMagic)
    fail(ErrorCode::kBadData, file.name, ": byte ", file.size - sizeof kMagic,
         ": found another mark than a table's at the end of the file: is it truncated?");
  ByteReader handles(file.name, std::span(footer).first(kFooterBytes - sizeof kMagic), at);
  read_handle(handles, file.size);  // of what describes the table, which TensorFlow leaves empty
  return read_handle(handles, file.size);
}

}  // namespace

uint64_t read_varint(ByteReader& reader, const char* what) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint64_t byte = reader.u8(what);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  reader.fail_here(what, ": found a number of over 10 bytes");
}

Table::Table(PlacedBytes file) : file_(std::move(file)) {
  index_ = read_block(file_, read_footer(file_));
}

void Table::visit(const TableVisitor& visit) const {
  std::string key, index_key;
  bool is_first = true, is_first_block = true;
  uint64_t end = 0;  // of the blocks before
  const auto visit_handle = [&](std::string_view, std::span<const std::byte> value) {
    const BlockHandle handle = handle_behind(file_, value, end);
    visit_block(place_of(file_, handle), read_block(file_, handle), key, is_first, visit);
  };
  visit_block(file_.name + ": index", index_, index_key, is_first_block, visit_handle);
}

bool Table::find(std::string_view key, const TableVisitor& visit) const {
  std::string index_key, last;
  bool is_first_block = true, is_first = true, is_found = false;
  std::optional<BlockHandle> block;
  uint64_t end = 0;
  visit_block(file_.name + ": index", index_, index_key, is_first_block,
              [&](std::string_view at_or_behind, std::span<const std::byte> value) {
                const BlockHandle handle = handle_behind(file_, value, end);
                if (!block && key <= at_or_behind) block = handle;
              });
  if (!block) return false;
  visit_block(place_of(file_, *block), read_block(file_, *block), last, is_first,
              [&](std::string_view other, std::span<const std::byte> value) {
                if (other != key) return;
                is_found = true;
                visit(other, value);
              });
  return is_found;
}

void read_table(const PlacedBytes& file, const TableVisitor& visit) { Table(file).visit(visit); }

bool ends_as_table(const PlacedBytes& file) {
  if (file.size < kFooterBytes) return false;
  std::array<std::byte, sizeof kMagic> mark{};
  file.read_at(file.size - sizeof kMagic, mark);
  return ByteReader(file.name, mark).u64("the mark") == kMagic;
}

}  // namespace albert
