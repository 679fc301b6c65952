// Any bytes as text, under the vocabulary and the options that the first byte chooses: it is
// refused or encoded, and every property of tests/support/text_checks.h holds.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/support/text_checks.h"
#include "tests/support/vocabularies.h"

namespace {

const auto& tokenizers() {
  static const auto all = albert::testing::all_tokenizers();
  return all;
}

}  // namespace

// Reading the vocabularies takes seconds under sanitizers, which are not an input's.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  tokenizers();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const albert::Tokenizer& tokenizer = *tokenizers()[data[0] % tokenizers().size()];
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const std::string& text : {bytes, albert::testing::valid_part(bytes)})
    if (const auto property = albert::testing::broken_property(tokenizer, text)) {
      std::fprintf(stderr, "broken: %s\n", property->c_str());
      std::abort();
    }
  return 0;
}
