// Any text: a config that survives being written and read again, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "albert/base/error.h"
#include "albert/engine/model/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    std::vector<std::string> warnings;
    const auto config = albert::AlbertConfig::from_json(
        "fuzz.json", std::string(reinterpret_cast<const char*>(data), size), &warnings);
    const auto again = albert::AlbertConfig::from_json("again.json", config.to_json());
    if (again.to_json() != config.to_json()) std::abort();
  } catch (const albert::Error&) {
  }
  return 0;
}
