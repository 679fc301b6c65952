#include "albert/tokenizer/pipeline/points.h"

#include <algorithm>

#include "albert/tokenizer/utf8.h"

namespace albert {

Points points_of(std::string_view text, int32_t from) {
  Points points;
  points.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++from) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const int32_t code = byte < 0x80 ? byte : read_code_point(text, at);
    if (byte < 0x80) ++at;
    points.push_back({code, from, from + 1});
  }
  return points;
}

std::string utf8_of(const Point* begin, const Point* end) {
  std::string text;
  for (; begin != end; ++begin) append_utf8(text, begin->code);
  return text;
}

Points transformed(const Points& text, size_t begin, size_t end, const std::vector<Change>& changes,
                   size_t removed) {
  Points result(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin));
  result.reserve(begin + changes.size() + text.size() - end);
  size_t at = begin + removed;
  for (const auto& [code, change] : changes) {
    const size_t source = change > 0 ? at - 1 : at;
    const bool first = change > 0 && at == 0;
    const Point from = first || source >= text.size() ? Point{} : text[source];
    result.push_back({code, from.begin, from.end});
    if (change <= 0) at += 1 + static_cast<size_t>(-change);
  }
  result.insert(result.end(), text.begin() + static_cast<std::ptrdiff_t>(end), text.end());
  return result;
}

Points filtered(const Points& text, const std::function<bool(int32_t)>& keep) {
  Points result;
  result.reserve(text.size());
  std::copy_if(text.begin(), text.end(), std::back_inserter(result),
               [&](const Point& p) { return keep(p.code); });
  return result;
}

Points prepended(const Points& text, const Points& before) {
  if (text.empty()) return text;
  Points result;
  result.reserve(before.size() + text.size());
  for (const Point& p : before) result.push_back({p.code, text[0].begin, text[0].end});
  result.insert(result.end(), text.begin(), text.end());
  return result;
}

}  // namespace albert
