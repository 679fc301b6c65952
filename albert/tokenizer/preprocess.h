#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

enum class Preprocessing : uint8_t { kHuggingFace, kGoogle };

// The preprocessing of text before it is cut into pieces (docs/albert.md, Tokenizer).
struct TokenizerOptions {
  Preprocessing preprocessing = Preprocessing::kHuggingFace;  // kGoogle keeps `` and ''
  bool do_lower_case = true;
  bool keep_accents = false;
  bool operator==(const TokenizerOptions&) const = default;
};

// Text, and for each of its bytes the index of the code point it comes from.
struct TracedText {
  std::string text;
  std::vector<int32_t> source;
};

// Preprocesses valid UTF-8, usually one run without white space. White space may come out of it:
// U+00B4 decomposes to a blank and an accent.
TracedText preprocess(std::string_view word, const TokenizerOptions& options);

}  // namespace albert
