#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "albert/base/atomic_file.h"

namespace albert {

struct FileToZip {
  std::string name;  // ASCII
  std::string bytes;
};

// A .zip file of these, deflated, without ZIP64. It knows no time, so that the same entries give
// the same bytes.
std::string zip_of(std::span<const FileToZip> entries);

// Writes a .zip file entry by entry, none compressed, without ZIP64. The bytes of each begin at a
// multiple of 64, as in PyTorch's files, which can so be mapped into memory.
class StoredZip {
 public:
  // `name` begins messages; the file outlives this.
  StoredZip(AtomicFile& file, std::string name) : file_(file), name_(std::move(name)) {}

  // `entry`: ASCII. Error(kBadData) where the file would be over 4 GiB, kIo.
  void add(const std::string& entry, std::string_view bytes);
  // Writes the directory; nothing may follow.
  void finish();

 private:
  AtomicFile& file_;
  std::string name_, directory_;
  size_t entries_ = 0;
  uint64_t position_ = 0;
};

}  // namespace albert
