#include "albert/base/atomic_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>

#include "albert/base/atomic_names.h"
#include "albert/base/error.h"

namespace albert {
namespace fs = std::filesystem;

std::string random_suffix() {
  std::random_device device;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), ".%08x%08x.tmp", static_cast<unsigned>(device()),
                static_cast<unsigned>(device()));
  return text.data();
}

int sync_folder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = fsync(descriptor) != 0 && errno != EINVAL ? errno : 0;
  close(descriptor);
  return error;
}

AtomicFile::AtomicFile(fs::path path, uint64_t bytes_needed)
    : path_(std::move(path)),
      folder_(path_.has_parent_path() ? path_.parent_path() : fs::path(".")),
      bytes_needed_(bytes_needed) {
  std::error_code ignored;
  const auto there = fs::status(path_, ignored);
  if (fs::exists(there) && !fs::is_regular_file(there))
    fail(ErrorCode::kIo, path_.string(), ": cannot be written: is there and is not a regular file");
  temporary_ = path_.string() + random_suffix();
  descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_because(errno, "cannot create a file in the folder");
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::write(const void* data, size_t size) {
  ALBERT_CHECK(descriptor_ >= 0, "written after it was staged");
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, at, std::min<size_t>(size, 1U << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_because(written < 0 ? errno : EIO, "cannot write");
    at += written;
    size -= static_cast<size_t>(written);
  }
}

void AtomicFile::overwrite(uint64_t offset, std::string_view text) {
  ALBERT_CHECK(descriptor_ >= 0, "written after it was staged");
  while (!text.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_because(written < 0 ? errno : EIO, "cannot write");
    text.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
}

void AtomicFile::stage() {
  ALBERT_CHECK(descriptor_ >= 0, "staged twice");
  // Never again after a failure: the kernel has dropped the dirty pages by then and a second fsync
  // would succeed.
  if (fsync(descriptor_) != 0) fail_because(errno, "cannot bring the bytes to the disk");
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (close(descriptor) != 0 && errno != EINTR) fail_because(errno, "cannot close");
}

void AtomicFile::publish() {
  if (descriptor_ >= 0) stage();
  ALBERT_CHECK(!temporary_.empty(), "nothing to publish");
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    fail_because(errno, "cannot rename the finished file to this name");
  temporary_.clear();
  if (const int error = sync_folder(folder_))
    fail_because(error, "is in place, but cannot bring its folder to the disk");
}

void AtomicFile::discard() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail_because(int error, const char* doing) {
  struct statvfs disk {};
  std::string free = "unknown";
  if (statvfs(folder_.c_str(), &disk) == 0)
    free = std::to_string(uint64_t{disk.f_bavail} * disk.f_frsize);
  const std::string needed =
      bytes_needed_ == 0 ? "" : std::to_string(bytes_needed_) + " bytes needed, ";
  discard();
  fail(ErrorCode::kIo, path_.string(), ": ", doing, ": ", std::strerror(error), " (", needed, free,
       " bytes free)");
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  AtomicFile file(path, text.size());
  file.write(text);
  file.publish();
}

}  // namespace albert
