#include "albert/tokenizer/sequence.h"

#include <algorithm>

#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

using Offsets = std::vector<std::pair<int64_t, int64_t>>;

// Appends the pieces of a text word by word and counts its code points.
class Appender {
 public:
  Appender(const WordEncoder& encoder, WordCache& cache, std::vector<int32_t>& ids,
           Offsets* offsets)
      : encoder_(encoder), cache_(cache), ids_(ids), offsets_(offsets) {}

  void fragment(std::string_view text) {
    if (!encoder_.by_word() || encoder_.removes_start(text)) return whole(text);
    for (size_t at = 0; at < text.size();) {
      at = skip(text, at, true);
      const size_t end = skip(text, at, false, &next_point_);
      if (end > at) append(cache_.pieces(text.substr(at, end - at), encoder_));
      point_ = next_point_;
      at = end;
    }
  }

  // A token that stands for this text, with the white space that it takes, as in the `tokenizers`
  // library.
  void literal(int32_t id, std::string_view text) {
    const int64_t length = count_code_points(text);
    ids_.push_back(id);
    if (offsets_) offsets_->emplace_back(point_, point_ + length);
    point_ += length;
  }

 private:
  // Moves past white space, or past all that is none, and adds the code points on the way to
  // point_, or sets *point to the sum.
  size_t skip(std::string_view text, size_t at, bool spaces, int64_t* point = nullptr) {
    int64_t n = 0;
    for (size_t next = at; at < text.size(); at = next, ++n) {
      const auto byte = static_cast<unsigned char>(text[at]);
      const bool space = byte < 0x80 ? is_space(byte) : is_space(read_code_point(text, next));
      if (byte < 0x80) next = at + 1;
      if (space != spaces) break;
    }
    if (point)
      *point = point_ + n;
    else
      point_ += n;
    return at;
  }

  void whole(std::string_view text) {
    const Pieces pieces = encoder_.encode_text(text);
    append({pieces.ids, pieces.offsets});
    point_ += count_code_points(text);
  }
  void append(const WordCache::Found& pieces) {
    ids_.insert(ids_.end(), pieces.ids.begin(), pieces.ids.end());
    if (!offsets_) return;
    for (const auto& [begin, end] : pieces.offsets)
      offsets_->emplace_back(point_ + begin, point_ + end);
  }

  const WordEncoder& encoder_;
  WordCache& cache_;
  std::vector<int32_t>& ids_;
  Offsets* offsets_;
  int64_t point_ = 0, next_point_ = 0;
};

// Cuts at normalised tokens: they are looked for in what preprocessing makes of the text, and what
// they come from is cut out of the text itself.
std::vector<AddedTokens::Segment> segments_of_normalized(std::string_view text,
                                                         const AddedTokens& added,
                                                         const TokenizerOptions& options) {
  const TracedText traced = preprocess(text, options);
  std::vector<size_t> starts;  // byte of every code point, and the end
  for (size_t at = 0; at < text.size(); read_code_point(text, at)) starts.push_back(at);
  starts.push_back(text.size());
  std::vector<AddedTokens::Segment> segments;
  size_t done = 0;
  for (const auto& [begin, end, token] : added.segments(traced.text, true)) {
    if (!token) continue;
    const size_t from = starts[static_cast<size_t>(traced.source[begin])],
                 to = starts[static_cast<size_t>(traced.source[end - 1]) + 1];
    if (done < from) segments.push_back({done, from, nullptr});
    segments.push_back({std::max(done, from), to, token});
    done = to;
  }
  if (done < text.size()) segments.push_back({done, text.size(), nullptr});
  return segments;
}

}  // namespace

void append_ids(std::string_view text, const WordEncoder& encoder, WordCache& cache,
                const AddedTokens& added, const TokenizerOptions& options,
                std::vector<int32_t>& ids, Offsets* offsets) {
  Appender appender(encoder, cache, ids, offsets);
  const auto append = [&](std::string_view part, const AddedToken* token) {
    if (token)
      appender.literal(token->id, part);
    else
      appender.fragment(part);
  };
  for (const auto& [begin, end, token] : added.segments(text, false)) {
    const std::string_view part = text.substr(begin, end - begin);
    if (token || !added.has_normalized()) {
      append(part, token);
      continue;
    }
    for (const auto& inner : segments_of_normalized(part, added, options))
      append(part.substr(inner.begin, inner.end - inner.begin), inner.token);
  }
}

std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t most) {
  const int64_t over = std::max<int64_t>(0, first + second - most),
                apart = std::min(std::abs(first - second), over);
  (first > second ? first : second) -= apart;
  // The sides are equal now or nothing is left to drop; drops alternate from the second on.
  const int64_t rest = over - apart;
  return {std::max<int64_t>(0, first - rest / 2), std::max<int64_t>(0, second - (rest + 1) / 2)};
}

std::pair<int64_t, int64_t> longest_first_fast(int64_t first, int64_t second, int64_t most) {
  if (first + second <= most) return {first, second};
  const int64_t shorter = std::min({first, second, most / 2}), longer = most - shorter;
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

}  // namespace albert
