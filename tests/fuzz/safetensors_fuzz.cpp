// Any bytes: a file, or an Error. Nothing else may come out of the reader.
#include <cstddef>
#include <cstdint>

#include "albert/base/error.h"
#include "albert/engine/weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const albert::TensorFile file = albert::parse_safetensors("fuzz.safetensors", data, size);
    for (const auto& [name, tensor] : file.tensors)
      if (albert::is_float(tensor.dtype())) (void)tensor.to(albert::DType::kF64);
  } catch (const albert::Error&) {
  }
  return 0;
}
