#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace albert {

// Token ids of sequences of different lengths, as a tokenizer gives them: no padding, no mask.
struct Sequences {
  std::vector<std::vector<int32_t>> input_ids = {};       // none of them empty
  std::vector<std::vector<int32_t>> token_type_ids = {};  // as input_ids; empty: zeros
  // Multiple choice alone: this many sequences in a row are the choices of one question.
  int64_t choices = 1;

  int64_t size() const { return static_cast<int64_t>(input_ids.size()); }
  // S of the padded shapes [B, S] in which outputs come back and token labels are given.
  int64_t longest() const {
    size_t longest = 0;
    for (const auto& sequence : input_ids) longest = std::max(longest, sequence.size());
    return static_cast<int64_t>(longest);
  }
};

}  // namespace albert
