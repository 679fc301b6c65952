#include "albert/base/atomic_folder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "albert/base/atomic_names.h"
#include "albert/base/error.h"

namespace albert {

namespace fs = std::filesystem;

AtomicFolder::AtomicFolder(const fs::path& path) {
  std::error_code error;
  path_ = fs::weakly_canonical(path, error);
  if (!path_.has_filename()) path_ = path_.parent_path();
  if (!error) fs::create_directories(path_.parent_path(), error);
  temporary_ = path_.string() + random_suffix();
  if (!error) fs::create_directory(temporary_, error);
  if (error) fail(ErrorCode::kIo, path.string(), ": cannot make the folder: ", error.message());
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void AtomicFolder::publish() {
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    fail(ErrorCode::kIo, path_.string(),
         ": cannot rename the finished folder to this name: ", std::strerror(errno));
  temporary_.clear();
  if (const int error = sync_folder(path_.parent_path()))
    fail(ErrorCode::kIo, path_.string(),
         ": is in place, but cannot bring its folder to the disk: ", std::strerror(error));
}

}  // namespace albert
