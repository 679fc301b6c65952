// Any bytes: a model that SentencePiece loads and encodes with, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "albert/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    albert::Tokenizer::from_sentence_model("fuzz", bytes)
        ->encode("a b, 1,000 \"\xC3\xA9\" \xE2\x80\x94");
  } catch (const albert::Error&) {
  }
  return 0;
}
