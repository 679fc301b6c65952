// Any bytes as the index of a TensorFlow checkpoint, or, behind an odd byte, as a block of its
// table with the checksums that fit it (two more bits: compressed, and as two blocks): tensors
// under transformers' names, or an Error.
#include <cstddef>
#include <cstdint>

#include "albert/base/error.h"
#include "albert/engine/weights/google_names.h"
#include "albert/engine/weights/tf_bundle.h"
#include "tests/support/tf_bundles.h"

namespace {

using namespace albert;

std::string index_of(uint8_t form, const std::string& bytes) {
  if ((form & 1) == 0) return bytes;
  testing::TableWriter writer({.snappy = (form & 2) != 0});
  if ((form & 4) == 0) return writer.finish({{"z", writer.block(bytes)}});
  const size_t half = bytes.size() / 2;
  const std::string first = writer.block(bytes.substr(0, half));
  return writer.finish({{"y", first}, {"z", writer.block(bytes.substr(half))}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    BundleIndex index = read_bundle_index(testing::placed("fuzz", index_of(*data, bytes)));
    const auto weights =
        with_transformers_names(join_tf_bundle("fuzz", std::move(index), [](uint64_t) {
          return testing::placed("data", std::string(4096, '\0'));
        }));
    for (const auto& [name, info] : weights->tensors()) (void)weights->tensor(name);
  } catch (const Error&) {
  }
  return 0;
}
