// The directory of a zip archive, checked against what lies before it (PKWARE's APPNOTE 6.3.10,
// section 4.3).
#include "albert/engine/weights/torch_zip.h"

#include <algorithm>
#include <vector>

#include "albert/base/byte_reader.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50, kDescriptorSignature = 0x08074b50,
                   kEntrySignature = 0x02014b50, kEndSignature = 0x06054b50,
                   kEnd64Signature = 0x06064b50, kLocatorSignature = 0x07064b50;
constexpr uint64_t kLocalBytes = 30, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint64_t kEntryBytes = 46, kMaxEntries = 1 << 16, kMaxName = 4096;
constexpr uint16_t kHasDescriptor = 1 << 3, kNameIsUtf8 = 1 << 11;
constexpr uint16_t kDeflate = 8, kZip64Extra = 1;
constexpr uint32_t kSee64 = 0xffffffff;  // in place of a number that needs 64 bits

uint16_t u16(ByteReader& reader, const char* what) {
  const uint16_t low = reader.u8(what);
  return static_cast<uint16_t>(low | reader.u8(what) << 8);
}

std::vector<std::byte> read_bytes(const InputFile& file, uint64_t offset, uint64_t n) {
  std::vector<std::byte> bytes(n);
  file.read_at(offset, bytes.data(), n);
  return bytes;
}

struct Directory {
  uint64_t offset = 0, size = 0, entries = 0;
};

// One header of an entry, local or in the directory.
struct Header {
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t stored = 0, size = 0, offset = 0;
  std::string name;
};

// Reads the sizes that a header marks as too large for it from its extra field of zip64.
void read_zip64(const ByteReader& place, std::string_view extra, Header& header, bool with_offset) {
  ByteReader reader("", std::as_bytes(std::span(extra)));
  while (reader.remaining() >= 4) {
    const uint16_t id = u16(reader, "extra"), size = u16(reader, "extra");
    if (size > reader.remaining()) place.fail_here("the extra fields of an entry end early");
    ByteReader field("", reader.bytes(size, "extra"));
    if (id != kZip64Extra) continue;
    const auto take = [&](uint64_t& number) {
      if (number != kSee64) return;
      if (field.remaining() < 8) place.fail_here("the zip64 field of an entry is too short");
      number = field.u64("zip64 field");
    };
    take(header.size);
    take(header.stored);
    if (with_offset) take(header.offset);
    return;
  }
}

void check_header(const ByteReader& reader, const Header& header) {
  if ((header.flags & ~(kHasDescriptor | kNameIsUtf8)) != 0)
    reader.fail_here("entry ", in_quotes(header.name), ": found the flags ", header.flags,
                     ", wanted an entry that is not encrypted or patched");
  if (header.method != 0 && header.method != kDeflate)
    reader.fail_here("entry ", in_quotes(header.name), ": found the method ", header.method,
                     ", wanted 0 (stored) or 8 (deflated)");
}

// The fields that both kinds of header have, up to the lengths of name and extra field.
void read_common(ByteReader& reader, Header& header) {
  header.flags = u16(reader, "flags");
  header.method = u16(reader, "method");
  reader.u32("time");
  header.crc = reader.u32("CRC");
  header.stored = reader.u32("stored size");
  header.size = reader.u32("size");
}

void check_name(const ByteReader& reader, std::string_view name) {
  if (name.empty() || name.size() > kMaxName || printable(name, kMaxName) != name)
    reader.fail_here("found the name ", in_quotes(name), ", wanted 1 to ", kMaxName,
                     " bytes of UTF-8 without control characters");
}

Header read_directory_entry(ByteReader& reader) {
  if (reader.u32("entry") != kEntrySignature) reader.fail_here("wanted an entry of the directory");
  u16(reader, "version");
  u16(reader, "version");
  Header header;
  read_common(reader, header);
  const uint16_t name = u16(reader, "name"), extra = u16(reader, "extra"),
                 comment = u16(reader, "comment"), disk = u16(reader, "disk");
  u16(reader, "attributes");
  reader.u32("attributes");
  header.offset = reader.u32("offset");
  header.name = reader.text(name, "name");
  check_name(reader, header.name);
  read_zip64(reader, reader.text(extra, "extra"), header, true);
  reader.bytes(comment, "comment");
  if (disk != 0) reader.fail_here("found an archive in several parts, wanted one file");
  check_header(reader, header);
  return header;
}

Directory read_end(const InputFile& file) {
  if (file.size() < kEndBytes)
    fail(ErrorCode::kBadData, file.name(), ": found ", file.size(), " bytes, wanted a zip archive");
  const uint64_t at = file.size() - kEndBytes;
  const auto bytes = read_bytes(file, at, kEndBytes);
  ByteReader reader(file.name(), bytes, at);
  if (reader.u32("end") != kEndSignature)
    reader.fail_here("found no end of a zip archive: is the file truncated?");
  if (reader.u32("disk") != 0) reader.fail_here("found an archive in several parts");
  const uint16_t here = u16(reader, "entries"), entries = u16(reader, "entries");
  const uint32_t size = reader.u32("size"), offset = reader.u32("offset");
  if (here != entries || u16(reader, "comment") != 0)
    reader.fail_here("found a comment or parts, wanted an archive that ends with its directory");
  return {offset, size, entries};
}

// The directory as zip64's own end says, which must agree with the other one where that has room
// for the numbers.
Directory read_end64(const InputFile& file, const Directory& end, uint64_t locator_at) {
  const uint64_t at = locator_at - std::min(locator_at, kEnd64Bytes);
  const auto bytes = read_bytes(file, at, kEnd64Bytes + kLocatorBytes);
  ByteReader reader(file.name(), bytes, at);
  const bool begins =
      reader.u32("zip64 end") == kEnd64Signature && reader.u64("zip64 end") == kEnd64Bytes - 12;
  if (!begins) reader.fail_here("found no end of a zip64 archive before its locator");
  reader.u32("versions");
  if (reader.u64("disks") != 0) reader.fail_here("found an archive in several parts");
  const uint64_t here = reader.u64("entries"), entries = reader.u64("entries"),
                 size = reader.u64("size"), offset = reader.u64("offset");
  const bool located = reader.u32("locator") == kLocatorSignature && reader.u32("disk") == 0 &&
                       reader.u64("locator") == at && reader.u32("disks") <= 1;
  const auto agrees = [](uint64_t small, uint64_t all, uint64_t mark) {
    return small == mark || small == all;
  };
  if (!located || here != entries || !agrees(end.entries, entries, 0xffff) ||
      !agrees(end.size, size, kSee64) || !agrees(end.offset, offset, kSee64))
    reader.fail_here("the two ends of the zip archive contradict each other");
  return {offset, size, entries};
}

Directory find_directory(const InputFile& file) {
  Directory directory = read_end(file);
  uint64_t end = file.size() - kEndBytes;
  if (end >= kLocatorBytes + kEnd64Bytes) {
    const auto bytes = read_bytes(file, end - kLocatorBytes, 4);
    if (ByteReader("", bytes).u32("locator") == kLocatorSignature) {
      end -= kLocatorBytes;
      directory = read_end64(file, directory, end);
      end -= kEnd64Bytes;
    }
  }
  if (directory.size > end || directory.offset != end - directory.size)
    fail(ErrorCode::kBadData, file.name(), ": found a directory of ", directory.size,
         " bytes at byte ", directory.offset, ", wanted one that ends at byte ", end);
  if (directory.entries > std::min(kMaxEntries, directory.size / kEntryBytes))
    fail(ErrorCode::kBadData, file.name(), ": found ", directory.entries,
         " entries, wanted at most ", kMaxEntries, " in a directory of their size");
  return directory;
}

bool same_numbers(const Header& a, const Header& b) {
  return a.crc == b.crc && a.stored == b.stored && a.size == b.size;
}

// What follows an entry whose local header leaves its numbers out. `bytes` of it are there.
void check_descriptor(const InputFile& file, const Header& header, uint64_t at, uint64_t bytes) {
  const bool wide = bytes == 24;
  if (!wide && bytes != 16)
    fail(ErrorCode::kBadData, file.name(), ": entry ", in_quotes(header.name), ": found ", bytes,
         " bytes behind its data, wanted a data descriptor");
  const auto found = read_bytes(file, at, bytes);
  ByteReader reader(file.name(), found, at);
  Header said;
  const uint32_t signature = reader.u32("descriptor");
  said.crc = reader.u32("CRC");
  said.stored = wide ? reader.u64("size") : reader.u32("size");
  said.size = wide ? reader.u64("size") : reader.u32("size");
  if (signature != kDescriptorSignature || !same_numbers(said, header))
    reader.fail_here("entry ", in_quotes(header.name),
                     ": its data descriptor contradicts the directory");
}

// Reads the local header at header.offset and returns where the data begin.
uint64_t check_local(const InputFile& file, const Header& header, uint64_t end) {
  if (header.offset > end || end - header.offset < kLocalBytes)
    fail(ErrorCode::kBadData, file.name(), ": entry ", in_quotes(header.name), ": begins at byte ",
         header.offset, ", wanted room for its header before byte ", end);
  auto bytes = read_bytes(file, header.offset, kLocalBytes);
  ByteReader reader(file.name(), bytes, header.offset);
  const bool begins = reader.u32("local header") == kLocalSignature;
  u16(reader, "version");
  Header local;
  read_common(reader, local);
  const uint16_t name = u16(reader, "name"), extra = u16(reader, "extra");
  const uint64_t at = header.offset + kLocalBytes;
  if (!begins || end - at < uint64_t{name} + extra)
    reader.fail_here("entry ", in_quotes(header.name), ": found no local header for it");
  bytes = read_bytes(file, at, uint64_t{name} + extra);
  ByteReader rest(file.name(), bytes, at);
  local.name = rest.text(name, "name");
  read_zip64(rest, rest.text(extra, "extra"), local, false);
  const bool later = (header.flags & kHasDescriptor) != 0 && local.crc == 0 && local.stored == 0 &&
                     local.size == 0;
  if (local.name != header.name || local.flags != header.flags || local.method != header.method ||
      !(later || same_numbers(local, header)))
    rest.fail_here("entry ", in_quotes(header.name),
                   ": its local header contradicts the directory");
  return at + name + extra;
}

// `end`: where the next entry or the directory begins.
ZipEntry checked_entry(const InputFile& file, const Header& header, uint64_t end) {
  const uint64_t data = check_local(file, header, end), room = end - data;
  const bool deflated = header.method == kDeflate;
  if (header.stored > room || (!deflated && header.stored != header.size))
    fail(ErrorCode::kBadData, file.name(), ": entry ", in_quotes(header.name), ": found ",
         header.size, " bytes stored in ", header.stored, ", wanted them in the ", room,
         " before the next entry");
  if ((header.flags & kHasDescriptor) != 0)
    check_descriptor(file, header, data + header.stored, room - header.stored);
  else if (header.stored != room)
    fail(ErrorCode::kBadData, file.name(), ": entry ", in_quotes(header.name), ": found ",
         room - header.stored, " bytes behind its data, wanted the next entry");
  return {data, header.stored, header.size, header.crc, deflated};
}

std::vector<Header> read_headers(const InputFile& file, const Directory& directory) {
  const auto bytes = read_bytes(file, directory.offset, directory.size);
  ByteReader reader(file.name(), bytes, directory.offset);
  std::vector<Header> headers;
  for (uint64_t i = 0; i < directory.entries; ++i) headers.push_back(read_directory_entry(reader));
  if (reader.remaining() > 0)
    reader.fail_here("found ", reader.remaining(), " bytes behind the last entry of the directory");
  std::sort(headers.begin(), headers.end(),
            [](const Header& a, const Header& b) { return a.offset < b.offset; });
  return headers;
}

}  // namespace

std::map<std::string, ZipEntry> read_zip_entries(const InputFile& file) {
  const Directory directory = find_directory(file);
  const std::vector<Header> headers = read_headers(file, directory);
  std::map<std::string, ZipEntry> entries;
  uint64_t inflated = 0;
  const uint64_t most = 2 * file.size() + (uint64_t{4} << 20);
  for (size_t i = 0; i < headers.size(); ++i) {
    const Header& header = headers[i];
    if (i == 0 && header.offset != 0)
      fail(ErrorCode::kBadData, file.name(), ": found ", header.offset,
           " bytes before the first entry, wanted an archive from byte 0 on");
    const uint64_t end = i + 1 < headers.size() ? headers[i + 1].offset : directory.offset;
    const ZipEntry entry = checked_entry(file, header, end);
    if (entry.deflated && entry.size > most - inflated)
      fail(ErrorCode::kBadData, file.name(), ": entry ", in_quotes(header.name), ": inflates to ",
           entry.size, " bytes, wanted deflated entries of at most ", most, " together");
    inflated += entry.deflated ? entry.size : 0;
    if (!entries.emplace(header.name, entry).second)
      fail(ErrorCode::kBadData, file.name(), ": found two entries ", in_quotes(header.name),
           ", wanted one");
  }
  return entries;
}

}  // namespace albert
