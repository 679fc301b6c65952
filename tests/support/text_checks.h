#pragma once
// Properties that hold for every text under every vocabulary, for tests and for fuzzing.
#include <algorithm>
#include <optional>
#include <string>

#include "albert/tokenizer/tokenizer.h"
#include "albert/tokenizer/utf8.h"

namespace albert::testing {

// `text` without the bytes that are not UTF-8.
inline std::string valid_part(std::string_view text) {
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (next_code_point(text, at) < 0)
      ++at;
    else
      valid += text.substr(begin, at - begin);
  }
  return valid;
}

inline bool is_refused(const Tokenizer& tokenizer, std::string_view text) {
  try {
    tokenizer.encode(text);
  } catch (const Error&) {
    return true;
  }
  return false;
}

// Spans lie inside of the text, are not empty, and none begins or ends before the one before it.
inline bool are_ordered(const std::vector<std::pair<int64_t, int64_t>>& offsets, int64_t length) {
  std::pair<int64_t, int64_t> last{0, 0};
  for (const auto& [begin, end] : offsets) {
    if (begin < last.first || end < last.second || begin >= end || end > length) return false;
    last = {begin, end};
  }
  return true;
}

// Windows of `options` give all ids and offsets of `all`, `stride` of them twice.
inline bool windows_agree(const Tokenizer& tokenizer, std::string_view text,
                          const EncodeOptions& options, const Encoding& all) {
  size_t at = 0;
  const auto step = static_cast<size_t>(options.max_length - options.stride);
  for (const Encoding& part : tokenizer.encode_overflowing(text, std::nullopt, options)) {
    const size_t n = part.input_ids.size();
    if (n > static_cast<size_t>(options.max_length) || at + n > all.input_ids.size()) return false;
    for (size_t i = 0; i < n; ++i)
      if (part.input_ids[i] != all.input_ids[at + i] ||
          part.offset_mapping[i] != all.offset_mapping[at + i])
        return false;
    if (at + n == all.input_ids.size()) return true;
    at += step;
  }
  return false;
}

// The first property of `tokenizer` that `text` breaks, or nothing.
inline std::optional<std::string> broken_property(const Tokenizer& tokenizer,
                                                  std::string_view text) {
  if (invalid_utf8(text) != std::string_view::npos)
    return is_refused(tokenizer, text) ? std::nullopt
                                       : std::optional<std::string>("bad UTF-8 is refused");
  const auto first = tokenizer.ids(text);  // encoded; the same words come from the cache below
  const Encoding all = tokenizer.encode(text, {.add_special_tokens = false});
  if (first != all.input_ids) return "the same ids with the cache, and with offsets";
  for (const int32_t id : first)
    if (id < 0 || id >= tokenizer.vocab_size()) return "ids are of the vocabulary";
  if (all.offset_mapping.size() != first.size()) return "every id has a span";
  if (!are_ordered(all.offset_mapping, count_code_points(text))) return "spans are in order";
  const EncodeOptions window{.add_special_tokens = false,
                             .truncation = Truncation::kOnlyFirst,
                             .max_length = 7,
                             .stride = 3};
  if (!windows_agree(tokenizer, text, window, all)) return "windows give the whole";
  const Encoding cut = tokenizer.encode(
      text, text, {.truncation = Truncation::kLongestFirst, .max_length = 16, .pad_to = 20});
  if (cut.input_ids.size() != 20) return "padding fills up";
  if (invalid_utf8(tokenizer.decode(first, false)) != std::string_view::npos)
    return "decoded text is UTF-8";
  return std::nullopt;
}

}  // namespace albert::testing
