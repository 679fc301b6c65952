// Any manifest over a checkpoint's files: whole or damaged, never a crash, never a file from
// elsewhere.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include "albert/trainer/loop/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path folder =
      "/dev/shm/albert-checkpoint-fuzz-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << "{}";
  std::ofstream(folder / "manifest.json", std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  albert::verify_checkpoint(folder);
  std::filesystem::remove_all(folder);
  return 0;
}
