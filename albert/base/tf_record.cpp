#include "albert/base/tf_record.h"

#include <array>
#include <cstring>

#include "albert/base/crc32c.h"
#include "albert/base/error.h"
#include "albert/base/protobuf.h"

namespace albert {
namespace {

constexpr uint64_t kHeader = 12, kFooter = 4;

uint32_t checksum(std::string_view bytes) {
  return masked_crc32c(crc32c(std::as_bytes(std::span(bytes))));
}

[[noreturn]] void fail_at(const InputFile& file, uint64_t at, const char* what) {
  fail(ErrorCode::kBadData, file.name(), ": byte ", at, ": ", what);
}

// The length of the record at `at`, with its checksum compared.
uint64_t length_at(const InputFile& file, uint64_t at) {
  if (file.size() - at < kHeader + kFooter)
    fail_at(file, at, "the file ends within a record; was it cut short?");
  std::array<char, kHeader> header{};
  file.read_at(at, header.data(), kHeader);
  uint64_t length = 0;
  uint32_t stored = 0;
  std::memcpy(&length, header.data(), sizeof length);
  std::memcpy(&stored, header.data() + sizeof length, sizeof stored);
  if (stored != checksum(std::string_view(header.data(), sizeof length)))
    fail_at(file, at, "found no record of TensorFlow's: the checksum of its length is wrong");
  if (length > file.size() - at - kHeader - kFooter)
    fail_at(file, at, "the file ends within a record; was it cut short?");
  return length;
}

uint32_t stored_checksum(const InputFile& file, uint64_t at) {
  uint32_t stored = 0;
  file.read_at(at, &stored, sizeof stored);
  return stored;
}

}  // namespace

std::string tf_record(std::string_view bytes) {
  const std::string length = protobuf::fixed64(bytes.size());
  return (length + protobuf::fixed32(checksum(length))).append(bytes) +
         protobuf::fixed32(checksum(bytes));
}

TfRecordFile::TfRecordFile(const std::filesystem::path& path)
    : file_(std::make_unique<InputFile>(path)) {
  for (uint64_t at = 0; at < file_->size();) {
    starts_.push_back(at);
    const uint64_t length = length_at(*file_, at), end = at + kHeader + length;
    // Odd multiplier of a well-known hash (FNV-1a, 64 bits).
    fingerprint_ = (fingerprint_ ^ (length << 32 | stored_checksum(*file_, end))) * 0x100000001b3;
    at = end + kFooter;
  }
}

std::string TfRecordFile::read(int64_t record) const {
  const uint64_t at = offset(record);
  std::string bytes(length_at(*file_, at), '\0');
  file_->read_at(at + kHeader, bytes.data(), bytes.size());
  if (stored_checksum(*file_, at + kHeader + bytes.size()) != checksum(bytes))
    fail_at(*file_, at, "the record's checksum is wrong: is the file damaged?");
  return bytes;
}

}  // namespace albert
