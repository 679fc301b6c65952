#include <algorithm>
#include <optional>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/pipeline/regex_program.h"
#include "albert/tokenizer/pipeline/unicode.h"

namespace albert {
namespace {

using Op = RegexProgram::Op;
using Code = std::vector<RegexProgram::Instruction>;

constexpr size_t kMaxCode = 20'000, kMaxRepeat = 1000, kMaxDepth = 50;

// Jumps inside of `code` are relative to its beginning until it is appended.
void append(Code& code, const Code& part) {
  const size_t base = code.size();
  for (auto instruction : part) {
    if (instruction.op == Op::kSplit || instruction.op == Op::kJump || instruction.op == Op::kLook)
      instruction.x += base;
    if (instruction.op == Op::kSplit) instruction.y += base;
    code.push_back(instruction);
  }
}

class Compiler {
 public:
  Compiler(const std::string& place, std::string_view pattern)
      : place_(place), pattern_(pattern), text_(points_of(pattern)) {}

  RegexProgram compile() {
    RegexProgram program;
    program.code = alternatives();
    if (at_ < text_.size()) fail_here("a ) without its (");
    program.code.push_back({Op::kMatch});
    program.sets = std::move(sets_);
    return program;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail(ErrorCode::kBadData, place_, ": found the pattern ", in_quotes(pattern_),
         ", at character ", at_ + 1, ": ", parts...);
  }

  bool is_next(std::string_view ascii) const {
    for (size_t i = 0; i < ascii.size(); ++i)
      if (at_ + i >= text_.size() || text_[at_ + i].code != ascii[i]) return false;
    return true;
  }
  bool take(std::string_view ascii) {
    if (!is_next(ascii)) return false;
    at_ += ascii.size();
    return true;
  }
  int32_t next() {
    if (at_ == text_.size()) fail_here("it ends too early");
    return text_[at_++].code;
  }

  Code alternatives() {
    if (++depth_ > kMaxDepth) fail_here("groups nested deeper than ", kMaxDepth);
    Code code = sequence();
    while (take("|")) {
      const Code other = sequence();
      Code both{{Op::kSplit, 1, code.size() + 2}};
      append(both, code);
      both.push_back({Op::kJump, both.size() + 1 + other.size()});
      append(both, other);
      code = std::move(both);
    }
    --depth_;
    return code;
  }

  Code sequence() {
    Code code;
    while (at_ < text_.size() && !is_next("|") && !is_next(")")) {
      append(code, repeated(atom()));
      if (code.size() > kMaxCode) fail_here("it is too large");
    }
    return code;
  }

  Code repeated(Code code) {
    for (size_t least = 0, most = 0; repetition(least, most);) {
      const bool lazy = take("?");
      if (is_next("+")) fail_here("possessive repetition is not supported");
      Code result;
      for (size_t i = 0; i < least; ++i) append(result, code);
      if (most == kNoLimit) append(result, looped(code, lazy));
      for (size_t i = least; most != kNoLimit && i < most; ++i) {
        Code maybe = optional(code, lazy, (most - i) * (code.size() + 1));
        append(result, maybe);
        if (result.size() > kMaxCode) fail_here("it is too large");
      }
      code = std::move(result);
      if (code.size() > kMaxCode) fail_here("it is too large");
    }
    return code;
  }
  static Code looped(const Code& code, bool lazy) {
    const size_t out = code.size() + 2;
    Code loop{lazy ? RegexProgram::Instruction{Op::kSplit, out, 1}
                   : RegexProgram::Instruction{Op::kSplit, 1, out}};
    append(loop, code);
    loop.push_back({Op::kJump, 0});
    return loop;
  }
  // `out`: where it goes on, from the beginning of this code, if it is left out.
  static Code optional(const Code& code, bool lazy, size_t out) {
    Code maybe{lazy ? RegexProgram::Instruction{Op::kSplit, out, 1}
                    : RegexProgram::Instruction{Op::kSplit, 1, out}};
    append(maybe, code);
    return maybe;
  }

  static constexpr size_t kNoLimit = ~size_t{0};
  bool repetition(size_t& least, size_t& most) {
    if (take("*")) return least = 0, most = kNoLimit, true;
    if (take("+")) return least = 1, most = kNoLimit, true;
    if (take("?")) return least = 0, most = 1, true;
    const size_t before = at_;
    if (!take("{")) return false;
    const auto first = number();
    const bool comma = take(",");
    const auto second = comma ? number() : first;
    if (!take("}") || (!first && !second)) {  // a brace that stands for itself
      at_ = before;
      return false;
    }
    least = first.value_or(0);
    most = second.value_or(kNoLimit);
    if (least > kMaxRepeat || (most != kNoLimit && (most > kMaxRepeat || most < least)))
      fail_here("repeats ", least, " to ", most, " times, wanted at most ", kMaxRepeat);
    return true;
  }
  std::optional<size_t> number() {
    std::optional<size_t> value;
    while (at_ < text_.size() && text_[at_].code >= '0' && text_[at_].code <= '9') {
      value = std::min<size_t>(value.value_or(0) * 10 + static_cast<size_t>(text_[at_].code - '0'),
                               kMaxRepeat + 1);
      ++at_;
    }
    return value;
  }

  Code atom() {
    const int32_t code = next();
    switch (code) {
      case '(': return group();
      case '[': return one(bracket());
      case '.': return one(negated({{{'\n', '\n'}}, {}}));
      case '^': return {{Op::kLineBegin}};
      case '$': return {{Op::kLineEnd}};
      case '\\': return escape();
      case '*':
      case '+':
      case '?': --at_; fail_here("nothing to repeat");
      default: return one({{{code, code}}, {}});
    }
  }

  Code group() {
    if (take("?=") || is_next("?!")) {
      const bool refused = take("?!");
      Code body = alternatives();
      close();
      body.push_back({Op::kMatch});
      Code look{{Op::kLook, body.size() + 1, refused}};
      append(look, body);
      return look;
    }
    const bool outer = any_case_;
    if (take("?i)")) {
      any_case_ = true;
      return {};
    }
    if (take("?i:"))
      any_case_ = true;
    else if (!take("?:") && is_next("?"))
      fail_here("this kind of group is not supported");
    Code body = alternatives();
    close();
    any_case_ = outer;
    return body;
  }
  void close() {
    if (!take(")")) fail_here("a ( without its )");
  }

  Code escape() {
    switch (next()) {
      case 'A': return {{Op::kTextBegin}};
      case 'z': return {{Op::kTextEnd}};
      case 'b': return {{Op::kBoundary, 1}};
      case 'B': return {{Op::kBoundary, 0}};
      default: --at_; return one(escaped());
    }
  }

  // What a backslash begins, inside brackets and outside.
  CodeSet escaped() {
    const int32_t code = next();
    const auto property = [](CodeSet::Property p, bool without) {
      return CodeSet{{}, {{p, without}}};
    };
    switch (code) {
      case 's': return property(is_white_space, false);
      case 'S': return property(is_white_space, true);
      case 'd': return property(property_named("Nd"), false);
      case 'D': return property(property_named("Nd"), true);
      case 'w': return property(is_word, false);
      case 'W': return property(is_word, true);
      case 'p': return named_property(false);
      case 'P': return named_property(true);
      default: --at_; return literal(escaped_literal());
    }
  }
  static CodeSet literal(int32_t code) { return {{{code, code}}, {}}; }

  int32_t escaped_literal() {
    const int32_t code = next();
    switch (code) {
      case 'n': return '\n';
      case 't': return '\t';
      case 'r': return '\r';
      case 'f': return '\f';
      case 'v': return '\v';
      case 'a': return '\a';
      case 'e': return 0x1B;
      case 'x': return take("{") ? hexadecimal(8, true) : hexadecimal(2, false);
      case 'u': return hexadecimal(4, false);
      default: break;
    }
    if ((code >= '0' && code <= '9') || (code < 0x80 && is_word(code) && code != '_'))
      fail_here("\\", static_cast<char>(code), " is not supported");
    return code;
  }
  int32_t hexadecimal(int digits, bool braces) {
    int32_t value = 0;
    for (int i = 0; i < digits && !(braces && is_next("}")); ++i) {
      const int32_t c = next();
      const int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : -1;
      if (digit < 0) fail_here("wanted a hexadecimal digit");
      value = std::min(value, int32_t{0x110000}) * 16 + digit;
    }
    if (braces && !take("}")) fail_here("wanted }");
    if (value > 0x10FFFF) fail_here("no such code point");
    return value;
  }

  CodeSet named_property(bool without) {
    std::string name;
    if (take("{")) {
      if (take("^")) without = !without;
      while (!is_next("}")) name += static_cast<char>(next());
      take("}");
    } else {
      name = static_cast<char>(next());
    }
    if (const CodeSet::Property property = property_named(name)) return {{}, {{property, without}}};
    fail_here("the property ", in_quotes(name), " is not supported");
  }

  CodeSet bracket() {
    CodeSet set;
    set.negated = take("^");
    bool first = true;
    while (first || !is_next("]")) {
      first = false;
      if (is_next("[") || is_next("&&")) fail_here("sets in sets are not supported");
      const bool escape = take("\\");
      CodeSet item = escape ? escaped() : literal(next());
      if (is_next("-") && at_ + 1 < text_.size() && text_[at_ + 1].code != ']') {
        take("-");
        const int32_t last = take("\\") ? escaped_literal() : next();
        if (!item.properties.empty() || last < item.ranges[0].first) fail_here("no such range");
        item.ranges[0].second = last;
      }
      set.ranges.insert(set.ranges.end(), item.ranges.begin(), item.ranges.end());
      set.properties.insert(set.properties.end(), item.properties.begin(), item.properties.end());
    }
    take("]");
    return set;
  }

  static CodeSet negated(CodeSet set) {
    set.negated = true;
    return set;
  }
  Code one(CodeSet set) {
    set.any_case = any_case_;
    sets_.push_back(std::move(set));
    return {{Op::kSet, sets_.size() - 1}};
  }

  const std::string& place_;
  std::string_view pattern_;
  Points text_;
  size_t at_ = 0, depth_ = 0;
  bool any_case_ = false;
  std::vector<CodeSet> sets_;
};

}  // namespace

RegexProgram compile_regex(const std::string& place, std::string_view pattern) {
  return Compiler(place, pattern).compile();
}

}  // namespace albert
