#include "albert/base/printable.h"

#include <algorithm>
#include <span>

namespace albert {
namespace {

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The bytes of the UTF-8 character that `text` begins with (Unicode's table 3-7); 0 for bytes that
// are none.
size_t character_bytes(std::string_view text) {
  const auto at = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const int lead = at(0), second = at(1);
  if (lead < 0x80) return 1;
  const size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  const int least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const int most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (size == 0 || text.size() < size || second < least || second > most) return 0;
  for (size_t i = 2; i < size; ++i)
    if (!is_continuation(text[i])) return 0;
  return size;
}

}  // namespace

std::string printable(std::string_view text, size_t max_bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool cut = text.size() > max_bytes;
  if (cut) {
    while (max_bytes > 0 && is_continuation(text[max_bytes])) --max_bytes;
    text = text.substr(0, max_bytes);
  }
  std::string result;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const size_t size = byte < 0x20 || byte == 0x7f ? 0 : character_bytes(text);
    if (size > 0)
      result += text.substr(0, size);
    else
      result += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return cut ? result + "..." : result;
}

std::string in_quotes(std::string_view text) { return '"' + printable(text) + '"'; }

std::string joined_first(const std::vector<std::string>& names, size_t most) {
  if (names.size() <= most) return joined(names);
  return joined(std::span(names).first(most)) + " and " + std::to_string(names.size() - most) +
         " more";
}

}  // namespace albert
