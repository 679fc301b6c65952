#include "albert/tokenizer/preprocess.h"

#include <utf8proc.h>

#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

struct Traced {
  int32_t code, source;
};
using Codes = std::vector<Traced>;

constexpr int32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2, kDottedI = 0x130,
                  kCombiningDot = 0x307;

// The code points of `word`. With `quotes`, `` and '' become ", which comes from the second of the
// two, as in the `tokenizers` library.
Codes decode(std::string_view word, bool quotes) {
  Codes codes;
  size_t at = 0;
  for (int32_t source = 0; at < word.size(); ++source) {
    const int32_t code = read_code_point(word, at);
    const bool doubled =
        quotes && (code == '`' || code == '\'') && at < word.size() && word[at] == code;
    if (doubled) {
      ++at;
      ++source;
    }
    codes.push_back({doubled ? '"' : code, source});
  }
  return codes;
}

// NFKD without the characters that have a combining class. Canonical order needs no care, since it
// concerns only those.
Codes without_accents(const Codes& codes) {
  constexpr auto kDecompose = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
  constexpr int kLongest = 32;  // no decomposition is longer: Unicode's longest has 18
  Codes out;
  for (const Traced& c : codes) {
    utf8proc_int32_t parts[kLongest];
    int boundary = 0;
    const auto n = utf8proc_decompose_char(c.code, parts, kLongest, kDecompose, &boundary);
    for (utf8proc_ssize_t i = 0; i < n; ++i)
      if (utf8proc_get_property(parts[i])->combining_class == 0)
        out.push_back({parts[i], c.source});
  }
  return out;
}

// Unicode's Cased. Besides letters, Roman numerals and circled letters have two cases.
bool is_cased(int32_t code) {
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT || code == 0xAA || code == 0xBA ||
         utf8proc_tolower(code) != code || utf8proc_toupper(code) != code;
}

// Python's lower() writes a final sigma by Unicode's rule Final_Sigma: a cased letter comes before
// it and none after it, and marks and apostrophes between them do not count.
bool ends_word(const Codes& codes, size_t at) {
  const auto ignorable = [](int32_t code) {
    const auto category = utf8proc_category(code);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
           category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_LM ||
           category == UTF8PROC_CATEGORY_SK || code == '\'' || code == '.' || code == ':' ||
           code == 0xB7 || code == 0x2019;
  };
  size_t before = at, after = at + 1;
  while (before > 0 && ignorable(codes[before - 1].code)) --before;
  while (after < codes.size() && ignorable(codes[after].code)) ++after;
  return before > 0 && is_cased(codes[before - 1].code) &&
         !(after < codes.size() && is_cased(codes[after].code));
}

Codes lowered(const Codes& codes) {
  Codes out;
  for (size_t i = 0; i < codes.size(); ++i) {
    const auto [code, source] = codes[i];
    if (code == kDottedI) {
      out.push_back({'i', source});
      out.push_back({kCombiningDot, source});
    } else if (code == kCapitalSigma && ends_word(codes, i)) {
      out.push_back({kFinalSigma, source});
    } else {
      out.push_back({utf8proc_tolower(code), source});
    }
  }
  return out;
}

bool is_ascii(std::string_view word) {
  for (const char c : word)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

}  // namespace

TracedText preprocess(std::string_view word, const TokenizerOptions& options) {
  Codes codes = decode(word, options.preprocessing == Preprocessing::kHuggingFace);
  if (!options.keep_accents && !is_ascii(word)) codes = without_accents(codes);
  if (options.do_lower_case) codes = lowered(codes);
  TracedText result;
  for (const Traced& c : codes) {
    append_utf8(result.text, c.code);
    result.source.resize(result.text.size(), c.source);
  }
  return result;
}

}  // namespace albert
