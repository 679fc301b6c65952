// Any bytes as tf_model.h5: tensors under transformers' names, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "albert/base/error.h"
#include "albert/engine/weights/keras_weights.h"
#include "tests/support/placed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace albert;
  try {
    const auto weights = keras_weights(
        testing::placed("fuzz", std::string(reinterpret_cast<const char*>(data), size)));
    for (const auto& [name, info] : weights->tensors()) (void)weights->tensor(name);
  } catch (const Error&) {
  }
  return 0;
}
