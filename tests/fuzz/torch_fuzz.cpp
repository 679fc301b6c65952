// Any bytes: the tensors of a file, or an Error. Nothing else may come out of the reader.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "albert/base/error.h"
#include "albert/engine/weights/torch_weights.h"

namespace {

// A file in memory that holds these bytes.
class FileOf {
 public:
  FileOf(const uint8_t* data, size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (write(descriptor_, data, size) != static_cast<ssize_t>(size)) __builtin_trap();
  }
  ~FileOf() { close(descriptor_); }
  FileOf(const FileOf&) = delete;
  FileOf& operator=(const FileOf&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const FileOf file(data, size);
  try {
    const auto weights = albert::open_torch(file.path());
    for (const auto& [name, info] : weights->tensors()) {
      try {
        (void)weights->tensor(name);
      } catch (const albert::Error&) {
      }
    }
  } catch (const albert::Error&) {
  }
  return 0;
}
