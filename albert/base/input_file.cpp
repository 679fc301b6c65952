#include "albert/base/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "albert/base/error.h"

namespace albert {
namespace {

int64_t modified_ns(const struct stat& status) {
  return static_cast<int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

struct stat status_of(int descriptor, const std::string& name) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0)
    fail(ErrorCode::kIo, name, ": cannot examine: ", std::strerror(errno));
  return status;
}

}  // namespace

Descriptor::~Descriptor() { close(number_); }

int open_for_reading(const std::filesystem::path& path, int flags) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (descriptor >= 0) return descriptor;
  if (errno == ENOENT || errno == ENOTDIR)
    fail(ErrorCode::kMissingInput, path.string(), ": no such file");
  fail(ErrorCode::kIo, path.string(), ": cannot open: ", std::strerror(errno));
}

// O_NONBLOCK: opening a pipe must not wait for its writer; on regular files it does nothing.
InputFile::InputFile(const std::filesystem::path& path)
    : name_(path.string()), descriptor_(open_for_reading(path, O_NONBLOCK)) {
  const struct stat status = status_of(descriptor_.number(), name_);
  if (!S_ISREG(status.st_mode))
    fail(ErrorCode::kBadData, name_, ": is ",
         S_ISDIR(status.st_mode) ? "a folder" : "a pipe or device", ", wanted a file");
  size_ = static_cast<uint64_t>(status.st_size);
  modified_ns_ = modified_ns(status);
}

void InputFile::read(void* to, size_t n) {
  read_at(position_, to, n);
  position_ += n;
}

void InputFile::read_at(uint64_t offset, void* to, size_t n) const {
  auto* at = static_cast<char*>(to);
  while (n > 0) {
    const ssize_t got =
        pread(descriptor_.number(), at, std::min<size_t>(n, 1U << 30), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::kIo, name_, ": cannot read: ", std::strerror(errno));
    if (got == 0) fail(ErrorCode::kIo, name_, ": became shorter while it was read");
    at += got;
    offset += static_cast<uint64_t>(got);
    n -= static_cast<size_t>(got);
  }
}

void InputFile::check_unchanged() const {
  const struct stat status = status_of(descriptor_.number(), name_);
  if (static_cast<uint64_t>(status.st_size) != size_ || modified_ns(status) != modified_ns_)
    fail(ErrorCode::kIo, name_, ": was changed while it was read");
}

std::string read_text_file(const std::filesystem::path& path, uint64_t max_bytes) {
  InputFile file(path);
  if (file.size() > max_bytes)
    fail(ErrorCode::kBadData, file.name(), ": has ", file.size(), " bytes, may have at most ",
         max_bytes);
  std::string text(static_cast<size_t>(file.size()), '\0');
  file.read(text.data(), text.size());
  file.check_unchanged();
  return text;
}

}  // namespace albert
