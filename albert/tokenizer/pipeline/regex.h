#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "albert/tokenizer/pipeline/points.h"

namespace albert {

struct RegexProgram;

// A regular expression over code points as tokenizer.json holds them: literals, `.`, classes,
// \s \d \w \p{L} and their negations, groups, |, greedy and lazy * + ? {m,n}, ^ $ \A \z \b \B,
// (?=..) and (?!..), (?i). A match is the leftmost, by the order of alternatives, and ^ and $ are
// ends of lines, as in Oniguruma. A search tries every state at most once at a place.
class Regex {
 public:
  // Error(kBadData) "place: .." for what is no pattern, or holds what this class does not know.
  Regex(const std::string& place, std::string_view pattern);
  // The pattern that is this text.
  static Regex literal(std::string_view text);

  // All matches [begin, end), front to back, none overlapping.
  std::vector<std::pair<size_t, size_t>> matches(const Points& text) const;

 private:
  explicit Regex(std::shared_ptr<const RegexProgram> program) : program_(std::move(program)) {}
  std::shared_ptr<const RegexProgram> program_;
};

}  // namespace albert
