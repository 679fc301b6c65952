// Any bytes with a checksum that fits them: documents that can be read, or an Error.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <vector>

#include "albert/base/checksum.h"
#include "albert/base/error.h"
#include "albert/trainer/data/shard.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path = "/dev/shm/albert-shard-fuzz-" + std::to_string(getpid());
  {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    file << albert::xxh3_128(data, size);
  }
  try {
    const albert::Shard shard(path);
    std::vector<int32_t> ids;
    for (int64_t s = 0; s < shard.sentences(); ++s) shard.append(s, ids);
  } catch (const albert::Error&) {
  }
  unlink(path.c_str());
  return 0;
}
