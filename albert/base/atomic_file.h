#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace albert {

// A file that appears under its name complete or not at all. Bytes go to a temporary name in the
// same folder; publish() puts it in place by rename(2), after fsync. Whatever fails, the old file
// is as it was, the temporary one is gone and this object of no further use; after a crash a
// "<name>.<16 hex digits>.tmp" may be left behind, which nothing reads. Every failure: Error(kIo)
// "path: what ([N bytes needed, ]M bytes free)".
class AtomicFile {
 public:
  // `bytes_needed`: what will be written, for messages; 0 where it is not known yet. Refuses a path
  // that is a folder, pipe or device.
  AtomicFile(std::filesystem::path path, uint64_t bytes_needed);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }

  // Writes over bytes that were written: for a header that tells what follows.
  void overwrite(uint64_t offset, std::string_view text);

  // All bytes are on the disk, under the temporary name.
  void stage();
  // stage() first if it was not called. Returns when the rename is on the disk, too.
  void publish();

 private:
  [[noreturn]] void fail_because(int error, const char* doing);
  void discard();

  std::filesystem::path path_, folder_, temporary_;
  uint64_t bytes_needed_;
  int descriptor_ = -1;
};

void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace albert
