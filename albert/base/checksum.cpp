#include "albert/base/checksum.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "albert/base/input_file.h"

namespace albert {
namespace {

constexpr size_t kReadBytes = 1 << 20;

std::string hex(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace

std::string xxh3_128(const void* data, size_t size) { return hex(XXH3_128bits(data, size)); }

std::pair<uint64_t, uint64_t> xxh3_128_numbers(const void* data, size_t size) {
  const XXH128_hash_t hash = XXH3_128bits(data, size);
  return {hash.low64, hash.high64};
}

std::string xxh3_128_of_file(const std::filesystem::path& path) {
  InputFile file(path);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(kReadBytes);
  for (uint64_t left = file.size(); left > 0;) {
    const size_t n = std::min<uint64_t>(left, buffer.size());
    file.read(buffer.data(), n);
    XXH3_128bits_update(state.get(), buffer.data(), n);
    left -= n;
  }
  return hex(XXH3_128bits_digest(state.get()));
}

}  // namespace albert
