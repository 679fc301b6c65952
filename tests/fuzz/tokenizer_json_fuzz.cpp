// Any text: a vocabulary that survives being written and read again, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "albert/base/error.h"
#include "albert/tokenizer/tokenizer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    albert::TokenizerOptions options;
    const auto model = albert::read_tokenizer_json(
        "fuzz", std::string(reinterpret_cast<const char*>(data), size), &options);
    albert::parse_sentence_model("written", albert::write_sentence_model(model));
    const auto again =
        albert::read_tokenizer_json("again", albert::write_tokenizer_json(model, options), nullptr);
    if (again.pieces.size() != model.pieces.size()) std::abort();
  } catch (const albert::Error&) {
  }
  return 0;
}
