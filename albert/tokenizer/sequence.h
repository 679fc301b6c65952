#pragma once
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "albert/tokenizer/word_cache.h"

namespace albert {

// Ids of one text without what a template adds.
struct Sequence {
  std::vector<int32_t> ids;
  std::vector<std::pair<int64_t, int64_t>> offsets;  // code points
};

// Special tokens that stand for themselves in the text, "[MASK]"; they cut it before anything else
// happens.
struct LiteralToken {
  std::string_view text;
  int32_t id;
  bool strips_left;  // white space before it goes, too
};

// Appends the ids of `text`, which is valid UTF-8. `offsets` null: they are not wanted.
void append_ids(std::string_view text, const WordEncoder& encoder, WordCache& cache,
                const std::vector<LiteralToken>& literals, std::vector<int32_t>& ids,
                std::vector<std::pair<int64_t, int64_t>>* offsets);

// How many ids of each side stay: one at a time goes from the longer side, from the second where
// they are equal (slow tokenizers' longest_first, and Google's).
std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t most);

}  // namespace albert
