#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

// The compiled rules of a SentencePiece normaliser, each from one text to another: a double-array
// trie in the units of Darts-clone, and behind it the texts that its leaves name.
class Charsmap {
 public:
  struct Rule {
    size_t length = 0;  // bytes it replaces; 0: there is no rule
    std::string_view text;
  };

  // `blob` is empty or was checked by parse_sentence_model().
  explicit Charsmap(std::string_view blob);

  // The rule for the longest beginning of `text` that has one.
  Rule longest(std::string_view text) const;
  // The rule for the shortest beginning that has one, as the `tokenizers` library takes it.
  Rule shortest(std::string_view text) const;
  // Whether text that consists of this ASCII character and others such stays as it is.
  bool keeps(unsigned char ascii) const { return keeps_[ascii]; }

 private:
  uint32_t child(size_t node, unsigned char label) const;

  std::vector<uint32_t> units_;
  std::string texts_;
  bool keeps_[128] = {};  // by ASCII character
};

}  // namespace albert
