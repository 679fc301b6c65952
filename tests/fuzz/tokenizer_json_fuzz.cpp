// Any text as a tokenizer.json: steps that encode any text, with ids that are there and offsets
// that lie inside of it, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "albert/base/error.h"
#include "albert/tokenizer/pipeline/read_pipeline.h"
#include "albert/tokenizer/utf8.h"

namespace {

void encode(const albert::Pipeline& pipeline, const std::string& text) {
  const albert::Pieces pieces = pipeline.encode(text);
  const int64_t length = albert::count_code_points(text);
  if (pieces.ids.size() != pieces.offsets.size()) std::abort();
  for (size_t i = 0; i < pieces.ids.size(); ++i) {
    const auto [begin, end] = pieces.offsets[i];
    if (pieces.ids[i] < 0 || pieces.ids[i] >= pipeline.size()) std::abort();
    if (begin < 0 || end > length) std::abort();
    pipeline.join({pipeline.piece(pieces.ids[i])});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    auto file = albert::read_pipeline("fuzz", bytes);
    const albert::Pipeline pipeline(std::move(file.steps));
    for (const char* text : {"", " Caf\u00e9 na\u0308ive, 1,000, \u00bd \u2122\n", "[MASK]x [CLS]",
                             "\u4e2d\u6587 \uac00\u1100\u1161\u11a8 \u0915\u094d\u0937"})
      encode(pipeline, text);
    // The file as a text of its own, which holds the tokens and patterns that it names.
    if (albert::invalid_utf8(bytes) == std::string::npos) encode(pipeline, bytes.substr(0, 2000));
  } catch (const albert::Error& e) {
    if (e.code() == albert::ErrorCode::kInternal) std::abort();
  }
  return 0;
}
