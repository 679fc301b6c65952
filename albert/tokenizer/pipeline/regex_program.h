#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace albert {

// A set of code points: ranges and properties, perhaps negated, perhaps without regard to case.
struct CodeSet {
  using Property = bool (*)(int32_t);
  std::vector<std::pair<int32_t, int32_t>> ranges;
  std::vector<std::pair<Property, bool>> properties;  // true: of those that do not have it
  bool negated = false, any_case = false;

  bool contains(int32_t code) const;

 private:
  bool contains_as_is(int32_t code) const;
};

// The property that \\p{name} names, null where it is not known.
CodeSet::Property property_named(std::string_view name);

// Instructions of a machine that tries alternatives in order.
struct RegexProgram {
  enum class Op : uint8_t {
    kSet,    // one code point in sets[x]
    kSplit,  // x, and if that fails y
    kJump,   // x
    kMatch,
    kLineBegin,
    kLineEnd,
    kTextBegin,
    kTextEnd,
    kBoundary,  // x: 1 where there must be one, 0 where there must be none
    kLook       // what lies behind this instruction must match (or, y: must not); goes on at x
  };
  struct Instruction {
    Op op;
    size_t x = 0, y = 0;
  };
  std::vector<Instruction> code;
  std::vector<CodeSet> sets;
};

// Error(kBadData) "place: .." for what is no pattern, or holds what is not supported.
RegexProgram compile_regex(const std::string& place, std::string_view pattern);

}  // namespace albert
