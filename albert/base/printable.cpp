#include "albert/base/printable.h"

#include <span>

namespace albert {
namespace {

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string printable(std::string_view text, size_t max_bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool cut = text.size() > max_bytes;
  if (cut) {
    while (max_bytes > 0 && is_continuation(text[max_bytes])) --max_bytes;
    text = text.substr(0, max_bytes);
  }
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f)
      result += c;
    else
      result += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
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
