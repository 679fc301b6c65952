#pragma once
#include <filesystem>

namespace albert {

// A folder that appears under its name complete or not at all: its files are written into
// temporary(), a folder beside it, which publish() renames. A new folder, or one that is there and
// empty. Whatever fails, the temporary one is gone; after a crash a "<name>.<16 hex digits>.tmp"
// may be left behind. Error(kIo).
class AtomicFolder {
 public:
  explicit AtomicFolder(const std::filesystem::path& path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::filesystem::path& temporary() const { return temporary_; }
  void publish();

 private:
  std::filesystem::path path_, temporary_;
};

}  // namespace albert
