// As PKWARE's APPNOTE.TXT 6.3 has it: 4.3.7 local headers, 4.3.12 the central directory, 4.3.16 its
// end.
#include "albert/base/zip_writer.h"

#include <zlib.h>

#include <limits>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr uint16_t kVersion = 20, kDeflated = 8;
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

// What local headers and the central directory share, from the version that reading needs on.
std::string header_of(const FileToZip& entry, size_t compressed) {
  std::string header;
  put16(header, kVersion);
  put16(header, 0);  // flags
  put16(header, kDeflated);
  put16(header, kTime);
  put16(header, kDate);
  put32(header, crc32_z(0, reinterpret_cast<const Bytef*>(entry.bytes.data()), entry.bytes.size()));
  put32(header, compressed);
  put32(header, entry.bytes.size());
  put16(header, entry.name.size());
  put16(header, 0);  // extra field
  return header;
}

}  // namespace

std::string zip_of(std::span<const FileToZip> entries) {
  std::string zip, directory;
  for (const FileToZip& entry : entries) {
    const std::string data = deflated(entry.bytes), header = header_of(entry, data.size());
    directory += "PK\1\2";
    put16(directory, kVersion);  // that wrote it
    directory += header;
    put16(directory, 0);           // comment
    put16(directory, 0);           // disk
    put16(directory, 0);           // of internal attributes, none
    put32(directory, 0);           // nor of external ones
    put32(directory, zip.size());  // where the local header is
    directory += entry.name;
    zip += "PK\3\4" + header + entry.name + data;
  }
  const size_t at = zip.size();
  zip += directory + "PK\5\6";
  put32(zip, 0);  // disks
  put16(zip, entries.size());
  put16(zip, entries.size());
  put32(zip, directory.size());
  put32(zip, at);
  put16(zip, 0);  // comment
  return zip;
}

}  // namespace albert
