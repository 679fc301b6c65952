#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace albert {

// Lines of a text file, plain or compressed (gzip, zstd, xz, told by their first bytes), front to
// back in bounded memory.
class TextReader {
 public:
  // Error(kMissingInput), kIo.
  explicit TextReader(const std::filesystem::path& path);
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  // The next line without its end; false behind the last. Error(kBadData) "file:line: .." for a
  // damaged stream or a line over 256 MiB.
  bool next(std::string& line);
  int64_t line() const { return line_; }  // of the one last read, from 1
  uint64_t compressed_bytes() const;      // of the file, read so far
  const std::string& name() const { return name_; }

 private:
  struct Source;
  std::string name_;
  std::unique_ptr<Source> source_;
  std::string buffer_;
  size_t at_ = 0;
  int64_t line_ = 0;
};

}  // namespace albert
