#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace albert {

// Lines of a text file, plain or compressed (gzip, zstd, xz, told by their first bytes), front to
// back in bounded memory.
class TextReader {
 public:
  // Error(kMissingInput), kIo.
  explicit TextReader(const std::filesystem::path& path);
  // Of the standard input, named "stdin". Its lines are there as soon as they are written.
  static std::unique_ptr<TextReader> standard_input();
  ~TextReader();
  TextReader(const TextReader&) = delete;
  TextReader& operator=(const TextReader&) = delete;

  // The next line without its end, and without a byte order mark before the first; false behind the
  // last. Error(kBadData) "file:line: .." for a damaged stream or a line over 256 MiB.
  bool next(std::string& line);
  int64_t line() const { return line_; }  // of the one last read, from 1
  uint64_t compressed_bytes() const;      // of the file, read so far
  const std::string& name() const { return name_; }

 private:
  struct Source;
  TextReader(std::string name, std::unique_ptr<Source> source);

  std::string name_;
  std::unique_ptr<Source> source_;
  std::string buffer_;
  size_t at_ = 0;
  int64_t line_ = 0;
};

// All lines of a text file, plain or compressed, each with its end. Errors as TextReader.
std::string read_whole_text(const std::filesystem::path& path);

// Whether the name ends in `extension` (".jsonl"), or in that and the ending of a compressed file.
bool has_extension(const std::filesystem::path& path, std::string_view extension);
bool is_json_lines(const std::filesystem::path& path);

}  // namespace albert
