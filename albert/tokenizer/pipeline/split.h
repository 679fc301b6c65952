#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "albert/tokenizer/pipeline/regex.h"

namespace albert {

// What becomes of the delimiters that a text is split at, under the `tokenizers` library's names.
enum class Behavior : uint8_t {
  kRemoved,
  kIsolated,
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous
};

// A stretch [begin, end) of a text: a delimiter, or what lies between two.
struct Stretch {
  size_t begin, end;
  bool delimiter;
};
using Stretches = std::vector<Stretch>;

// Every code point that `is_delimiter` holds for is a stretch of its own.
Stretches stretches_of(const Points& text, const std::function<bool(int32_t)>& is_delimiter);
// Every match is a delimiter; `invert`: what lies between two matches is one.
Stretches stretches_of(const Points& text, const Regex& pattern, bool invert);

// Appends the parts that are left, none of them empty.
void split(const Points& text, const Stretches& stretches, Behavior behavior,
           std::vector<Points>& parts);

}  // namespace albert
