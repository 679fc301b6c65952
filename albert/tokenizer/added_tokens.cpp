#include "albert/tokenizer/added_tokens.h"

#include <algorithm>

#include "albert/tokenizer/pipeline/unicode.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

size_t before(std::string_view text, size_t at) {
  --at;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

int32_t code_at(std::string_view text, size_t at) { return next_code_point(text, at); }

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !is_word_or_joiner(code_at(text, before(text, begin)))) &&
         (end == text.size() || !is_word_or_joiner(code_at(text, end)));
}

// The beginning of the white space that ends at `end`, not before `least`.
size_t space_before(std::string_view text, size_t end, size_t least) {
  while (end > least) {
    const size_t at = before(text, end);
    if (!is_white_space(code_at(text, at))) break;
    end = at;
  }
  return std::max(end, least);
}

size_t space_behind(std::string_view text, size_t at) {
  for (size_t next = at; at < text.size(); at = next)
    if (!is_white_space(next_code_point(text, next))) break;
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const Normalize& normalize)
    : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    if (token.normalized)
      normalized_.add(normalize(token.content), i);
    else
      raw_.add(token.content, i);
  }
}

void AddedTokens::Table::add(const std::string& content, size_t place) {
  if (content.empty() || !index.emplace(content, place).second) return;
  auto& known = lengths[static_cast<unsigned char>(content[0])];
  const auto at = std::lower_bound(known.begin(), known.end(), content.size(), std::greater<>());
  if (at == known.end() || *at != content.size()) known.insert(at, content.size());
}

size_t AddedTokens::Table::next_begin(std::string_view text, size_t at) const {
  while (at < text.size() && lengths[static_cast<unsigned char>(text[at])].empty()) ++at;
  return at;
}

AddedTokens::Found AddedTokens::longest_at(const Table& table, std::string_view text, size_t at) {
  for (const size_t length : table.lengths[static_cast<unsigned char>(text[at])]) {
    if (length > text.size() - at) continue;
    const auto found = table.index.find(std::string(text.substr(at, length)));
    if (found != table.index.end()) return {found->second, length};
  }
  return {};
}

std::vector<AddedTokens::Segment> AddedTokens::segments(std::string_view text,
                                                        bool normalized) const {
  const Table& table = normalized ? normalized_ : raw_;
  std::vector<Segment> result;
  size_t done = 0, at = 0;
  while (!table.empty() && (at = table.next_begin(text, at)) < text.size()) {
    const Found found = longest_at(table, text, at);
    if (found.length == 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[found.place];
    size_t begin = at, end = at + found.length;
    at = end;
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.lstrip) begin = space_before(text, begin, done);
    if (token.rstrip) end = space_behind(text, end);
    if (done < begin) result.push_back({done, begin, nullptr});
    result.push_back({begin, end, &token});
    done = end;
  }
  if (done < text.size()) result.push_back({done, text.size(), nullptr});
  return result;
}

}  // namespace albert
