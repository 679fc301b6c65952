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

  // A literal token, whose span has the white space that it strips, as in the `tokenizers` library.
  void literal(const LiteralToken& token, std::string_view stripped) {
    const int64_t length = count_code_points(stripped) + count_code_points(token.text);
    ids_.push_back(token.id);
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
      const bool space = byte < 0x80 ? is_space(byte) : is_space(next_code_point(text, next));
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

const LiteralToken* literal_at(std::string_view text, const std::vector<LiteralToken>& literals) {
  for (const auto& token : literals)
    if (text.substr(0, token.text.size()) == token.text) return &token;
  return nullptr;
}

// Unicode's White_Space, which Python's separators U+001C to U+001F are not.
bool is_white_space(int32_t c) { return is_space(c) && (c < 0x1C || c > 0x1F); }

// The text up to the white space at its end.
std::string_view without_spaces_at_end(std::string_view text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    size_t at = last;
    if (!is_white_space(next_code_point(text, at))) break;
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace

void append_ids(std::string_view text, const WordEncoder& encoder, WordCache& cache,
                const std::vector<LiteralToken>& literals, std::vector<int32_t>& ids,
                Offsets* offsets) {
  Appender appender(encoder, cache, ids, offsets);
  size_t begin = 0;
  for (size_t at = literals.empty() ? std::string_view::npos : text.find_first_of("[<");
       at != std::string_view::npos; at = text.find_first_of("[<", at)) {
    const LiteralToken* token = literal_at(text.substr(at), literals);
    if (!token) {
      ++at;
      continue;
    }
    const std::string_view before = text.substr(begin, at - begin);
    const std::string_view kept = token->strips_left ? without_spaces_at_end(before) : before;
    appender.fragment(kept);
    appender.literal(*token, before.substr(kept.size()));
    begin = at += token->text.size();
  }
  appender.fragment(text.substr(begin));
}

std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t most) {
  const int64_t over = std::max<int64_t>(0, first + second - most),
                apart = std::min(std::abs(first - second), over);
  (first > second ? first : second) -= apart;
  // The sides are equal now or nothing is left to drop; drops alternate from the second on.
  const int64_t rest = over - apart;
  return {std::max<int64_t>(0, first - rest / 2), std::max<int64_t>(0, second - (rest + 1) / 2)};
}

}  // namespace albert
