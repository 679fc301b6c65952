#pragma once
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "albert/tokenizer/piece_trie.h"
#include "albert/tokenizer/sentence_model.h"

namespace albert {

// A unigram vocabulary: text is cut where the sum of the pieces' scores is highest (Kudo 2018,
// arXiv:1804.10959). It takes time in proportion to the text, and gives what SentencePiece gives,
// to the rounding of its sums and its choice between equal ones.
class Unigram {
 public:
  struct Cut {
    int32_t id;
    size_t begin, end;  // bytes of the text
  };

  explicit Unigram(const SentenceModel& model);

  // The pieces of `text`, which is normalised. Neighbouring characters without a piece are one
  // unknown, or their bytes where the vocabulary has a piece for each byte.
  std::vector<Cut> encode(std::string_view text) const;
  int32_t unknown() const { return unknown_; }

 private:
  struct Step {
    int32_t id = 0;
    float score = 0;  // of the best path that ends here
    size_t begin = kUnreached;
  };
  static constexpr size_t kUnreached = ~size_t{0};

  std::vector<Step> best_paths(std::string_view text) const;
  void extend(std::string_view text, size_t begin, std::vector<Step>& steps) const;
  std::vector<Cut> as_bytes(std::string_view text, const std::vector<Cut>& cuts) const;

  PieceTrie trie_;
  std::vector<float> scores_;
  std::vector<bool> user_defined_;
  std::optional<std::array<int32_t, 256>> bytes_;
  int32_t unknown_ = 0;
  float highest_ = 0, unknown_score_ = 0;
};

}  // namespace albert
