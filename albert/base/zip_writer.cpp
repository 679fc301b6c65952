// As PKWARE's APPNOTE.TXT 6.3 has it: 4.3.7 local headers, 4.3.12 the central directory, 4.3.16 its
// end.
#include "albert/base/zip_writer.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr uint16_t kVersion = 20, kStored = 0, kDeflated = 8;
constexpr uint16_t kTime = 0, kDate = (1 << 5) | 1;  // the first that there is: 1980-01-01

void put16(std::string& to, size_t value) {
  ALBERT_CHECK(value <= std::numeric_limits<uint16_t>::max(), "too much for a zip without ZIP64");
  to += static_cast<char>(value & 0xFF);
  to += static_cast<char>(value >> 8);
}

void put32(std::string& to, size_t value) {
  ALBERT_CHECK(value <= std::numeric_limits<uint32_t>::max(), "too much for a zip without ZIP64");
  put16(to, value & 0xFFFF);
  put16(to, value >> 16);
}

// Without the header and the checksum of zlib's own format.
std::string deflated(const std::string& bytes) {
  z_stream stream{};
  constexpr int kRaw = -MAX_WBITS, kMemory = 8;
  int status =
      deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kRaw, kMemory, Z_DEFAULT_STRATEGY);
  ALBERT_CHECK(status == Z_OK, "zlib does not start: ", status);
  std::string result(deflateBound(&stream, bytes.size()), '\0');
  std::string input = bytes;  // zlib takes no const
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  status = deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  ALBERT_CHECK(status == Z_STREAM_END, "zlib does not end: ", status);
  return result;
}

// What local headers and the central directory share, from the version that reading needs to the
// name's length; the length of the extra field follows.
std::string header_of(std::string_view name, std::string_view bytes, uint16_t method,
                      size_t compressed) {
  std::string header;
  put16(header, kVersion);
  put16(header, 0);  // flags
  put16(header, method);
  put16(header, kTime);
  put16(header, kDate);
  put32(header, crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  put32(header, compressed);
  put32(header, bytes.size());
  put16(header, name.size());
  return header;
}

// The central directory's entry of a file whose local header is at `position`.
std::string directory_entry(const std::string& header, const std::string& name, size_t position) {
  std::string entry = "PK\1\2";
  put16(entry, kVersion);  // that wrote it
  entry += header;
  put16(entry, 0);  // extra field
  put16(entry, 0);  // comment
  put16(entry, 0);  // disk
  put16(entry, 0);  // of internal attributes, none
  put32(entry, 0);  // nor of external ones
  put32(entry, position);
  return entry + name;
}

// What follows the directory, which begins at `position`.
std::string end_of(const std::string& directory, size_t entries, size_t position) {
  std::string end = "PK\5\6";
  put32(end, 0);  // disks
  put16(end, entries);
  put16(end, entries);
  put32(end, directory.size());
  put32(end, position);
  put16(end, 0);  // comment
  return end;
}

}  // namespace

std::string zip_of(std::span<const FileToZip> entries) {
  std::string zip, directory;
  for (const FileToZip& entry : entries) {
    const std::string data = deflated(entry.bytes),
                      header = header_of(entry.name, entry.bytes, kDeflated, data.size());
    directory += directory_entry(header, entry.name, zip.size());
    zip += "PK\3\4" + header;
    put16(zip, 0);  // extra field
    zip += entry.name + data;
  }
  const std::string end = end_of(directory, entries.size(), zip.size());
  return zip + directory + end;
}

void StoredZip::add(const std::string& entry, std::string_view bytes) {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max(), kRoom = 1 << 20, kAlignment = 64;
  constexpr size_t kFixed = 30, kExtraHeader = 4;
  if (bytes.size() + kRoom > kMost - std::min(kMost, position_))
    fail(ErrorCode::kBadData, name_, ": found over 4 GiB to write, wanted less in a zip file");
  const std::string header = header_of(entry, bytes, kStored, bytes.size());
  const uint64_t begin = position_ + kFixed + entry.size() + kExtraHeader,
                 padding = (kAlignment - begin % kAlignment) % kAlignment;
  std::string local = "PK\3\4" + header;
  put16(local, kExtraHeader + padding);
  local += entry + "FB";  // the name that PyTorch gives this field
  put16(local, padding);
  local.append(padding, 'Z');
  directory_ += directory_entry(header, entry, position_);
  ++entries_;
  file_.write(local);
  file_.write(bytes);
  position_ += local.size() + bytes.size();
}

void StoredZip::finish() {
  file_.write(directory_);
  file_.write(end_of(directory_, entries_, position_));
}

}  // namespace albert
