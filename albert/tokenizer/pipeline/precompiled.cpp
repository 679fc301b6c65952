#include "albert/tokenizer/pipeline/precompiled.h"

#include <utf8proc.h>

#include "albert/base/json.h"
#include "albert/tokenizer/sentence_model.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr const char* kDigits64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string from_base64(const JsonView& text) {
  std::string bytes;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text.string()) {
    if (c == '=') break;
    const char* digit = std::char_traits<char>::find(kDigits64, 64, c);
    if (!digit) text.fail_here("is not base64");
    group = group << 6 | static_cast<uint32_t>(digit - kDigits64);
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(group >> bits));
  }
  return bytes;
}

// Where the grapheme cluster that begins at `begin` ends.
size_t end_of_grapheme(const Points& text, size_t begin) {
  utf8proc_int32_t state = 0;
  size_t end = begin + 1;
  while (end < text.size() &&
         !utf8proc_grapheme_break_stateful(text[end - 1].code, text[end].code, &state))
    ++end;
  return end;
}

bool is_plain(int32_t code) { return code >= 0x20 && code < 0x7F; }

}  // namespace

Points Precompiled::run(const Points& text) const {
  constexpr size_t kLongestCluster = 6;  // bytes
  std::vector<Change> changes;
  changes.reserve(text.size());
  bool changed = false;
  for (size_t begin = 0; begin < text.size();) {
    const bool alone =
        is_plain(text[begin].code) && (begin + 1 == text.size() || is_plain(text[begin + 1].code));
    const size_t end = alone ? begin + 1 : end_of_grapheme(text, begin);
    const size_t bytes = utf8_of(text.data() + begin, text.data() + end).size();
    if (bytes < kLongestCluster && replace(text, begin, end, changes)) {
      changed = true;
    } else {
      for (size_t i = begin; i < end; ++i) {
        const bool here = replace(text, i, i + 1, changes);
        changed = changed || here;
        if (!here) changes.push_back({text[i].code, 0});
      }
    }
    begin = end;
  }
  return changed ? transformed(text, changes) : text;
}

// Code points that a rule removes before the first that stays are not told of: the library loses
// their count, and with it the places of all that follows.
bool Precompiled::replace(const Points& text, size_t begin, size_t end,
                          std::vector<Change>& changes) const {
  const Charsmap::Rule rule = rules_.shortest(utf8_of(text.data() + begin, text.data() + end));
  if (rule.length == 0) return false;
  const Points put = points_of(rule.text);
  const auto more =
      static_cast<std::ptrdiff_t>(put.size()) - static_cast<std::ptrdiff_t>(end - begin);
  for (size_t i = 0; i < put.size(); ++i) {
    const bool inserted = static_cast<std::ptrdiff_t>(put.size() - i) <= more;
    changes.push_back({put[i].code, inserted ? 1 : 0});
  }
  if (more < 0 && !changes.empty()) changes.back().change += static_cast<int>(more);
  return true;
}

std::string read_charsmap(const JsonView& step) {
  const JsonView text = step.at("precompiled_charsmap");
  std::string bytes = from_base64(text);
  check_charsmap(text.place(), bytes);
  return bytes;
}

std::string base64(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? kDigits64[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

}  // namespace albert
