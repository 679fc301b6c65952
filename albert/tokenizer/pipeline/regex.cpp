#include "albert/tokenizer/pipeline/regex.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "albert/tokenizer/pipeline/regex_program.h"
#include "albert/tokenizer/pipeline/unicode.h"

namespace albert {
namespace {

using Op = RegexProgram::Op;

// Runs a program on a text by depth-first search. A state that was tried at a place is not tried
// there again within one search.
class Machine {
 public:
  // `sparse`: few states will be tried, so they are kept in a set instead of a table.
  Machine(const RegexProgram& program, const Points& text, bool sparse = false)
      : program_(program),
        text_(text),
        tried_(sparse ? 0 : program.code.size() * (text.size() + 1)) {}

  // Where the match that begins at `start` ends. States that failed are remembered for the starts
  // that follow.
  std::optional<size_t> match(size_t start) { return run(0, start); }
  void forget() {
    for (const size_t state : touched_) tried_[state] = false;
    touched_.clear();
  }

 private:
  struct State {
    size_t at, place;
  };

  std::optional<size_t> run(size_t first, size_t start) {
    std::vector<State> open{{first, start}};
    while (!open.empty()) {
      auto [at, place] = open.back();
      open.pop_back();
      const size_t state = at * (text_.size() + 1) + place;
      if (!is_new(state)) continue;
      const auto& instruction = program_.code[at];
      if (instruction.op == Op::kMatch) return place;
      if (instruction.op == Op::kSplit) {
        open.push_back({instruction.y, place});
        open.push_back({instruction.x, place});
      } else if (instruction.op == Op::kJump) {
        open.push_back({instruction.x, place});
      } else if (instruction.op == Op::kSet) {
        if (place < text_.size() && program_.sets[instruction.x].contains(text_[place].code))
          open.push_back({at + 1, place + 1});
      } else if (instruction.op == Op::kLook) {
        if (looks(at + 1, place) == (instruction.y == 0)) open.push_back({instruction.x, place});
      } else if (holds(instruction, place)) {
        open.push_back({at + 1, place});
      }
    }
    return std::nullopt;
  }

  bool is_new(size_t state) {
    if (tried_.empty()) return tried_sparsely_.insert(state).second;
    if (tried_[state]) return false;
    tried_[state] = true;
    touched_.push_back(state);
    return true;
  }

  // Whether what begins at this instruction matches here, in a search of its own.
  bool looks(size_t first, size_t place) const {
    Machine inner(program_, text_, true);
    return inner.run(first, place).has_value();
  }

  bool holds(const RegexProgram::Instruction& instruction, size_t place) const {
    const auto is_word_at = [&](size_t i) { return i < text_.size() && is_word(text_[i].code); };
    switch (instruction.op) {
      case Op::kLineBegin: return place == 0 || text_[place - 1].code == '\n';
      case Op::kLineEnd: return place == text_.size() || text_[place].code == '\n';
      case Op::kTextBegin: return place == 0;
      case Op::kTextEnd: return place == text_.size();
      default:
        return (place > 0 && is_word_at(place - 1)) == is_word_at(place) ? instruction.x == 0
                                                                         : instruction.x == 1;
    }
  }

  const RegexProgram& program_;
  const Points& text_;
  std::vector<bool> tried_;
  std::vector<size_t> touched_;
  std::unordered_set<size_t> tried_sparsely_;
};

}  // namespace

Regex::Regex(const std::string& place, std::string_view pattern)
    : program_(std::make_shared<const RegexProgram>(compile_regex(place, pattern))) {}

Regex Regex::literal(std::string_view text) {
  auto program = std::make_shared<RegexProgram>();
  for (const Point& p : points_of(text)) {
    program->code.push_back({Op::kSet, program->sets.size(), 0});
    program->sets.push_back({{{p.code, p.code}}, {}, false, false});
  }
  program->code.push_back({Op::kMatch, 0, 0});
  return Regex(std::move(program));
}

std::vector<std::pair<size_t, size_t>> Regex::matches(const Points& text) const {
  std::vector<std::pair<size_t, size_t>> found;
  Machine machine(*program_, text);
  for (size_t start = 0; start <= text.size();) {
    const auto end = machine.match(start);
    if (!end) {
      ++start;
      continue;
    }
    machine.forget();
    // An empty match right behind the one before it is none.
    if (*end > start || found.empty() || found.back().second != start)
      found.emplace_back(start, *end);
    start = *end > start ? *end : start + 1;
  }
  return found;
}

}  // namespace albert
