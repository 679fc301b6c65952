#include "albert/tokenizer/pipeline/regex_program.h"
#include "albert/tokenizer/pipeline/unicode.h"

namespace albert {
namespace {

bool is_letter(int32_t c) { return is_general_category(c, 'L', 0); }
bool is_upper(int32_t c) { return is_general_category(c, 'L', 'u'); }
bool is_lower(int32_t c) { return is_general_category(c, 'L', 'l'); }
bool is_decimal(int32_t c) { return is_general_category(c, 'N', 'd'); }
bool is_category_p(int32_t c) { return is_general_category(c, 'P', 0); }
bool is_symbol(int32_t c) { return is_general_category(c, 'S', 0); }
bool is_separator(int32_t c) { return is_general_category(c, 'Z', 0); }
bool is_han(int32_t c) { return is_chinese(c) || c == 0x3005 || c == 0x3007; }

struct NamedProperty {
  std::string_view name;
  CodeSet::Property property;
};
constexpr NamedProperty kProperties[] = {{"L", is_letter},
                                         {"Letter", is_letter},
                                         {"Lu", is_upper},
                                         {"Ll", is_lower},
                                         {"M", is_combining},
                                         {"Mark", is_combining},
                                         {"Mn", is_nonspacing},
                                         {"N", is_numeric},
                                         {"Number", is_numeric},
                                         {"Nd", is_decimal},
                                         {"P", is_category_p},
                                         {"Punct", is_category_p},
                                         {"S", is_symbol},
                                         {"Symbol", is_symbol},
                                         {"Z", is_separator},
                                         {"C", is_other},
                                         {"Other", is_other},
                                         {"Han", is_han},
                                         {"Punctuation", is_category_p}};

}  // namespace

CodeSet::Property property_named(std::string_view name) {
  for (const auto& known : kProperties)
    if (known.name == name) return known.property;
  return nullptr;
}

bool CodeSet::contains_as_is(int32_t code) const {
  for (const auto& [first, last] : ranges)
    if (code >= first && code <= last) return true;
  for (const auto& [property, without] : properties)
    if (property(code) != without) return true;
  return false;
}

bool CodeSet::contains(int32_t code) const {
  const bool found =
      contains_as_is(code) ||
      (any_case && (contains_as_is(lower_of(code)) || contains_as_is(upper_of(code))));
  return found != negated;
}

}  // namespace albert
