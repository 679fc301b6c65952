#include "albert/tokenizer/pipeline/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace albert {
namespace {

// One code point on its way through a normal form, and how it changes the text (see Change).
struct Part {
  int32_t code;
  int change;
  int combining_class;
};

int class_of(int32_t code) {
  return code < 0x300 ? 0 : utf8proc_get_property(code)->combining_class;
}

// Canonical order: marks behind a starter by their class, stable.
void sort_marks(std::vector<Part>& parts) {
  for (size_t at = 0; at < parts.size();) {
    size_t end = at;
    while (end < parts.size() && parts[end].combining_class != 0) ++end;
    std::stable_sort(
        parts.begin() + static_cast<std::ptrdiff_t>(at),
        parts.begin() + static_cast<std::ptrdiff_t>(end),
        [](const Part& a, const Part& b) { return a.combining_class < b.combining_class; });
    at = end + 1;
  }
}

std::vector<Part> decomposed(const Points& text, bool compatibility) {
  constexpr int kLongest = 32;  // of one code point's decomposition; Unicode's longest is 18
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0));
  std::vector<Part> parts;
  parts.reserve(text.size());
  for (const Point& p : text) {
    if (p.code < 0x80) {
      parts.push_back({p.code, 0, 0});
      continue;
    }
    std::array<utf8proc_int32_t, kLongest> codes{};
    int boundary = 0;
    const auto n = utf8proc_decompose_char(p.code, codes.data(), kLongest, options, &boundary);
    for (size_t i = 0; i < static_cast<size_t>(std::max<utf8proc_ssize_t>(n, 0)); ++i)
      parts.push_back({codes[i], i > 0 ? 1 : 0, class_of(codes[i])});
  }
  sort_marks(parts);
  return parts;
}

// The primary composite of two code points, -1 for none.
int32_t composite(int32_t first, int32_t second) {
  if (second < 0x300) return -1;
  std::array<utf8proc_int32_t, 3> pair{first, second, 0};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  return utf8proc_normalize_utf32(pair.data(), 2, options) == 1 ? pair[0] : -1;
}

// Unicode's canonical composition.
std::vector<Change> composed(const std::vector<Part>& parts) {
  constexpr size_t kNone = ~size_t{0};
  std::vector<Change> result;
  size_t starter = kNone;
  int last_class = -1;  // of what lies behind the starter; -1: nothing does
  for (const Part& part : parts) {
    const bool blocked = starter == kNone || last_class >= part.combining_class;
    const int32_t code = blocked ? -1 : composite(result[starter].code, part.code);
    if (code >= 0) {
      result[starter].code = code;
      result[starter].change += part.change - 1;
      continue;
    }
    result.push_back({part.code, part.change});
    if (part.combining_class == 0) {
      starter = result.size() - 1;
      last_class = -1;
    } else {
      last_class = part.combining_class;
    }
  }
  return result;
}

bool is_ascii(const Points& text) {
  return std::all_of(text.begin(), text.end(), [](const Point& p) { return p.code < 0x80; });
}

bool is_category(int32_t code, utf8proc_category_t first, utf8proc_category_t last) {
  const auto category = utf8proc_category(code);
  return category >= first && category <= last;
}

bool is_between(int32_t code, int32_t first, int32_t last) { return code >= first && code <= last; }

}  // namespace

Points normal_form(const Points& text, NormalForm form) {
  if (is_ascii(text)) return text;
  const auto parts = decomposed(text, form == NormalForm::kNfkc || form == NormalForm::kNfkd);
  if (form == NormalForm::kNfc || form == NormalForm::kNfkc)
    return transformed(text, composed(parts));
  std::vector<Change> changes;
  changes.reserve(parts.size());
  for (const Part& part : parts) changes.push_back({part.code, part.change});
  return transformed(text, changes);
}

Points lower_case(const Points& text) {
  constexpr int32_t kDottedI = 0x130, kCombiningDot = 0x307;
  Points result;
  result.reserve(text.size());
  for (const Point& p : text) {
    if (p.code == kDottedI) {
      result.push_back({'i', p.begin, p.end});
      result.push_back({kCombiningDot, p.begin, p.end});
    } else if (p.code < 0x80) {
      result.push_back({is_between(p.code, 'A', 'Z') ? p.code + 32 : p.code, p.begin, p.end});
    } else {
      result.push_back({utf8proc_tolower(p.code), p.begin, p.end});
    }
  }
  return result;
}

bool is_white_space(int32_t c) {
  return is_between(c, 0x09, 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         is_between(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_punctuation(int32_t c) {
  if (c < 0x80)
    return is_between(c, 33, 47) || is_between(c, 58, 64) || is_between(c, 91, 96) ||
           is_between(c, 123, 126);
  return is_category(c, UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO);
}

bool is_numeric(int32_t c) {
  if (c < 0x80) return is_between(c, '0', '9');
  return is_category(c, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO);
}

bool is_word_or_joiner(int32_t c) { return is_word(c) || c == 0x200C || c == 0x200D; }

bool is_word(int32_t c) {
  if (c < 0x80)
    return is_between(c, 'a', 'z') || is_between(c, 'A', 'Z') || is_between(c, '0', '9') ||
           c == '_';
  if (is_category(c, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_NL) ||
      utf8proc_category(c) == UTF8PROC_CATEGORY_PC)
    return true;
  // The letters in circles and squares are alphabetic, too.
  return is_between(c, 0x24B6, 0x24E9) || is_between(c, 0x1F130, 0x1F149) ||
         is_between(c, 0x1F150, 0x1F169) || is_between(c, 0x1F170, 0x1F189);
}

bool is_combining(int32_t c) {
  return c >= 0x300 && is_category(c, UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_ME);
}
bool is_nonspacing(int32_t c) { return c >= 0x300 && utf8proc_category(c) == UTF8PROC_CATEGORY_MN; }
bool is_other(int32_t c) { return utf8proc_category(c) >= UTF8PROC_CATEGORY_CC; }
bool is_control(int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF;
}

bool is_chinese(int32_t c) {
  return is_between(c, 0x4E00, 0x9FFF) || is_between(c, 0x3400, 0x4DBF) ||
         is_between(c, 0x20000, 0x2A6DF) || is_between(c, 0x2A700, 0x2B73F) ||
         is_between(c, 0x2B740, 0x2B81F) || is_between(c, 0x2B820, 0x2CEAF) ||
         is_between(c, 0xF900, 0xFAFF) || is_between(c, 0x2F800, 0x2FA1F);
}

bool is_general_category(int32_t c, char major, char minor) {
  const char* name = utf8proc_category_string(c);
  return name[0] == major && (minor == 0 || name[1] == minor);
}

int32_t lower_of(int32_t code) { return utf8proc_tolower(code); }
int32_t upper_of(int32_t code) { return utf8proc_toupper(code); }

}  // namespace albert
