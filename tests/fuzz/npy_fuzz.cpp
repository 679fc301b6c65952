// Any bytes as a .npy file: rows of floats, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "albert/base/error.h"
#include "albert/engine/weights/npy.h"
#include "tests/support/placed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace albert;
  try {
    NpyReader reader(
        testing::placed("fuzz", std::string(reinterpret_cast<const char*>(data), size)));
    while (reader.read(2).dim(0) > 0) {
    }
  } catch (const Error&) {
  }
  return 0;
}
