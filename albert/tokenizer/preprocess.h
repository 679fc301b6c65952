#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

enum class Preprocessing : uint8_t { kHuggingFace, kGoogle };

// What happens to text before it is cut into pieces (albert.md 3.2).
struct TokenizerOptions {
  Preprocessing preprocessing = Preprocessing::kHuggingFace;  // kGoogle: `` and '' do not become "
  bool do_lower_case = true;
  bool keep_accents = false;
  bool operator==(const TokenizerOptions&) const = default;
};

// Text and, for each of its bytes, the code point of the original it comes from.
struct TracedText {
  std::string text;
  std::vector<int32_t> source;
};

// One run of text without white space, in valid UTF-8. White space may come out of it (U+00B4
// decomposes to a blank and an accent).
TracedText preprocess(std::string_view word, const TokenizerOptions& options);

}  // namespace albert
