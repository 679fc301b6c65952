#pragma once
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "albert/tokenizer/added_tokens.h"
#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/word_cache.h"

namespace albert {

// Ids of one text without what a template adds.
struct Sequence {
  std::vector<int32_t> ids;
  std::vector<std::pair<int64_t, int64_t>> offsets;  // code points
};

// Appends the ids of `text`, which is valid UTF-8. `added` are cut out first, of the text as it is
// or as preprocessing under `options` makes it. `offsets` null: they are not wanted.
void append_ids(std::string_view text, const WordEncoder& encoder, WordCache& cache,
                const AddedTokens& added, const TokenizerOptions& options,
                std::vector<int32_t>& ids, std::vector<std::pair<int64_t, int64_t>>* offsets);

// How many ids of each side stay: one at a time goes from the longer side, from the second where
// they are equal (slow tokenizers' longest_first, and Google's).
std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t most);
// The same by the tokenizers library's rule: the shorter side stays whole where it has at most half
// of the room, else it gets that half, rounded down; the second counts as longer where they are
// equal.
std::pair<int64_t, int64_t> longest_first_fast(int64_t first, int64_t second, int64_t most);

}  // namespace albert
