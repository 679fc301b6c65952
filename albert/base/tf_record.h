#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "albert/base/input_file.h"

namespace albert {

// A record as it lies in TensorFlow's files of records: its length, its bytes, and masked CRC-32C
// of both (tensorflow/core/lib/io/record_writer.cc).
std::string tf_record(std::string_view bytes);

// A file of such records, found by one pass over their lengths and then read in any order.
class TfRecordFile {
 public:
  // Error of InputFile; kBadData "PATH: byte N: .." for what is no record.
  explicit TfRecordFile(const std::filesystem::path& path);

  const std::string& name() const { return file_->name(); }
  int64_t size() const { return static_cast<int64_t>(starts_.size()); }  // records
  uint64_t offset(int64_t record) const { return starts_[static_cast<size_t>(record)]; }
  // Its bytes, from any thread. Error(kBadData) where they do not fit their checksum.
  std::string read(int64_t record) const;
  // Of the lengths and checksums of all records.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::unique_ptr<InputFile> file_;
  std::vector<uint64_t> starts_;
  uint64_t fingerprint_ = 0;
};

}  // namespace albert
