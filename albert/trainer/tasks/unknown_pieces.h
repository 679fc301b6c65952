#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "albert/tokenizer/tokenizer.h"

namespace albert {

// How much of a data set the vocabulary has no pieces for: much says that it is another language's.
class UnknownPieces {
 public:
  explicit UnknownPieces(const Tokenizer& tokenizer) : unknown_id_(tokenizer.unk_id()) {}

  void add(const std::vector<int32_t>& input_ids) {
    pieces_ += static_cast<int64_t>(input_ids.size());
    unknown_ += std::count(input_ids.begin(), input_ids.end(), unknown_id_);
  }
  // ", 1.50 % of the pieces unknown"; empty where none is.
  std::string text() const {
    if (unknown_ == 0) return "";
    char share[32];
    std::snprintf(share, sizeof share, "%.2f",
                  100 * static_cast<double>(unknown_) / static_cast<double>(pieces_));
    return std::string(", ") + share + " % of the pieces unknown";
  }

 private:
  int32_t unknown_id_;
  int64_t pieces_ = 0, unknown_ = 0;
};

}  // namespace albert
