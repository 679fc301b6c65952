#include "albert/tokenizer/pipeline/split.h"

namespace albert {
namespace {

// Delimiters join what lies before them; of several in a row only the first does.
Stretches merged_with_previous(const Stretches& stretches) {
  Stretches result;
  bool behind_delimiter = false;
  for (const Stretch& s : stretches) {
    if (s.delimiter && !behind_delimiter && !result.empty())
      result.back().end = s.end;
    else
      result.push_back({s.begin, s.end, false});
    behind_delimiter = s.delimiter;
  }
  return result;
}

Stretches merged_with_next(const Stretches& stretches) {
  Stretches result;
  bool before_delimiter = false;
  for (auto s = stretches.rbegin(); s != stretches.rend(); ++s) {
    if (s->delimiter && !before_delimiter && !result.empty())
      result.back().begin = s->begin;
    else
      result.push_back({s->begin, s->end, false});
    before_delimiter = s->delimiter;
  }
  return {result.rbegin(), result.rend()};
}

Stretches contiguous(const Stretches& stretches) {
  Stretches result;
  bool delimiter = false;
  for (const Stretch& s : stretches) {
    if (s.delimiter == delimiter && !result.empty())
      result.back().end = s.end;
    else
      result.push_back({s.begin, s.end, false});
    delimiter = s.delimiter;
  }
  return result;
}

Stretches kept(const Stretches& stretches, Behavior behavior) {
  switch (behavior) {
    case Behavior::kMergedWithPrevious: return merged_with_previous(stretches);
    case Behavior::kMergedWithNext: return merged_with_next(stretches);
    case Behavior::kContiguous: return contiguous(stretches);
    default: break;
  }
  Stretches result;
  for (const Stretch& s : stretches)
    if (behavior == Behavior::kIsolated || !s.delimiter) result.push_back(s);
  return result;
}

}  // namespace

Stretches stretches_of(const Points& text, const std::function<bool(int32_t)>& is_delimiter) {
  Stretches result;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_delimiter(text[i].code)) continue;
    if (begin < i) result.push_back({begin, i, false});
    result.push_back({i, i + 1, true});
    begin = i + 1;
  }
  if (begin < text.size()) result.push_back({begin, text.size(), false});
  return result;
}

Stretches stretches_of(const Points& text, const Regex& pattern, bool invert) {
  Stretches result;
  size_t at = 0;
  for (const auto& [begin, end] : pattern.matches(text)) {
    if (at < begin) result.push_back({at, begin, invert});
    result.push_back({begin, end, !invert});
    at = end;
  }
  if (at < text.size()) result.push_back({at, text.size(), invert});
  return result;
}

void split(const Points& text, const Stretches& stretches, Behavior behavior,
           std::vector<Points>& parts) {
  for (const Stretch& s : kept(stretches, behavior))
    if (s.begin < s.end)
      parts.emplace_back(text.begin() + static_cast<std::ptrdiff_t>(s.begin),
                         text.begin() + static_cast<std::ptrdiff_t>(s.end));
}

}  // namespace albert
