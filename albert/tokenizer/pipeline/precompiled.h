#pragma once
#include <string>

#include "albert/tokenizer/charsmap.h"
#include "albert/tokenizer/pipeline/points.h"

namespace albert {

class JsonView;

// The charsmap of a SentencePiece model as the `tokenizers` library applies it: to whole grapheme
// clusters of less than six bytes, and else to single code points, by the shortest rule.
class Precompiled {
 public:
  explicit Precompiled(std::string_view charsmap) : rules_(charsmap) {}
  Points run(const Points& text) const;

 private:
  bool replace(const Points& text, size_t begin, size_t end, std::vector<Change>& changes) const;
  Charsmap rules_;
};

// The bytes of "precompiled_charsmap", base64 in the file. Error(kBadData).
std::string read_charsmap(const JsonView& step);
std::string base64(std::string_view bytes);

}  // namespace albert
