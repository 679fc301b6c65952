#include "albert/tokenizer/word_start.h"

#include <algorithm>

namespace albert {
namespace {

// ' < = > are not among them there.
constexpr std::string_view kMarks = R"(!"#$%&()*+,-./:;?@[\]^_`{|}~)";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool starts_word_by_google(std::string_view piece) {
  if (piece.size() == 1) return !is_letter(piece[0]);
  return piece.starts_with("\u2581") || piece.starts_with("<") ||
         !std::all_of(piece.begin(), piece.end(), [](char c) {
           return is_letter(c) || kMarks.find(c) != std::string_view::npos;
         });
}

}  // namespace albert
