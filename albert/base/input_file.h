#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace albert {

// A file descriptor, closed with this object.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

// open(2) as every reader of files does it; `flags` are added to O_RDONLY | O_CLOEXEC, and the
// caller closes what it gets. Error(kMissingInput) "PATH: no such file", Error(kIo) "PATH: cannot
// open: Permission denied".
int open_for_reading(const std::filesystem::path& path, int flags = 0);

// A regular file open for reading, from front to back or in places. Directories, pipes and devices
// are refused.
class InputFile {
 public:
  // Error(kMissingInput) when it is not there, kBadData when it is no regular file, kIo when it
  // cannot be opened.
  explicit InputFile(const std::filesystem::path& path);

  const std::string& name() const { return name_; }
  uint64_t size() const { return size_; }

  // Exactly n bytes; Error(kIo) when reading fails or the file has become shorter.
  void read(void* to, size_t n);

  // Exactly n bytes from `offset`, wherever read() has come to; the same errors.
  void read_at(uint64_t offset, void* to, size_t n) const;

  // Error(kIo) when size or modification time are no longer those at opening: what was read may be
  // half old, half new.
  void check_unchanged() const;

 private:
  std::string name_;
  Descriptor descriptor_;
  uint64_t size_ = 0, position_ = 0;
  int64_t modified_ns_ = 0;
};

// The whole file; Error(kBadData) when it is larger than max_bytes.
std::string read_text_file(const std::filesystem::path& path, uint64_t max_bytes);

}  // namespace albert
