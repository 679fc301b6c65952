// Any bytes as a file of a TensorFlow checkpoint of format V1, or, behind an odd byte, as a block
// of its table with the checksums that fit it (one more bit: compressed): tensors under
// transformers' names, or an Error.
#include <cstddef>
#include <cstdint>

#include "albert/base/error.h"
#include "albert/engine/weights/google_names.h"
#include "albert/engine/weights/tf_v1.h"
#include "tests/support/tf_bundles.h"

namespace {

std::string file_of(uint8_t form, const std::string& bytes) {
  if ((form & 1) == 0) return bytes;
  albert::testing::TableWriter writer({.snappy = (form & 2) != 0});
  return writer.finish({{"z", writer.block(bytes)}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    std::vector<albert::PlacedBytes> files;
    files.push_back(albert::testing::placed("fuzz", file_of(*data, bytes)));
    const auto weights =
        albert::with_transformers_names(albert::join_tf_v1("fuzz", std::move(files)));
    for (const auto& [name, info] : weights->tensors()) (void)weights->tensor(name);
  } catch (const albert::Error&) {
  }
  return 0;
}
