#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace albert {

// A code point on its way through a pipeline, and the code points [begin, end) of the original
// text that it stands for.
struct Point {
  int32_t code = 0;
  int32_t begin = 0, end = 0;
};
using Points = std::vector<Point>;

// `text` is valid UTF-8. `from`: how many code points of the original lie before it.
Points points_of(std::string_view text, int32_t from = 0);
std::string utf8_of(const Point* begin, const Point* end);
inline std::string utf8_of(const Points& text) {
  return utf8_of(text.data(), text.data() + text.size());
}

// How many bytes the character with this first byte has, and 1 inside of a character.
inline size_t bytes_of_lead(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// One code point of a changed text, as the `tokenizers` library describes it: 0 replaces the next
// one, 1 is inserted, -n replaces the next one and removes the n behind it.
struct Change {
  int32_t code;
  int change;
};

// What `changes` make of text[begin, end), of which the first `removed` go before. An inserted code
// point stands for what the one before it stood for (NormalizedString::transform_range of the
// library).
Points transformed(const Points& text, size_t begin, size_t end, const std::vector<Change>& changes,
                   size_t removed);
inline Points transformed(const Points& text, const std::vector<Change>& changes,
                          size_t removed = 0) {
  return transformed(text, 0, text.size(), changes, removed);
}

// Without the code points that `keep` is false for.
Points filtered(const Points& text, const std::function<bool(int32_t)>& keep);
// `before` and then the text; an empty text stays so.
Points prepended(const Points& text, const Points& before);

}  // namespace albert
