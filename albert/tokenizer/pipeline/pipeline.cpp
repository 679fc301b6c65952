#include "albert/tokenizer/pipeline/pipeline.h"

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/pipeline/split.h"
#include "albert/tokenizer/pipeline/unicode.h"
#include "albert/tokenizer/utf8.h"
#include "albert/tokenizer/word_start.h"

namespace albert {
namespace {

constexpr size_t kMaxCachedParts = 1 << 16, kLongestCachedPart = 64;
constexpr const char* kWordMark = "\u2581";

}  // namespace

// One call of encode().
struct Pipeline::Run {
  Pieces result;
  std::unique_ptr<Cache> cache;
  std::vector<WordModel::Cut> uncached;

  void token(int32_t id, int32_t begin, int32_t end) {
    result.ids.push_back(id);
    result.offsets.emplace_back(begin, end);
  }
};

Pipeline::Pipeline(PipelineSteps steps)
    : steps_(std::move(steps)), pieces_(steps_.model->table().pieces()) {
  for (const AddedToken& token : steps_.added) {
    if (token.id == static_cast<int32_t>(pieces_.size())) pieces_.push_back(token.content);
    ALBERT_CHECK(token.id >= 0 && token.id < size(), "added tokens follow the pieces");
    added_ids_.emplace(token.content, token.id);
  }
  std::vector<AddedToken> matched;
  for (const AddedToken& token : steps_.added)
    if (!token.special || steps_.matches_special) matched.push_back(token);
  added_ = AddedTokens(std::move(matched), [this](const std::string& content) {
    return steps_.normalizer ? utf8_of(steps_.normalizer->run(points_of(content))) : content;
  });
}

Pieces Pipeline::encode(std::string_view text) const {
  Run run{{}, take_cache(), {}};
  int32_t from = 0;
  for (const auto& [begin, end, token] : added_.segments(text, false)) {
    const std::string_view part = text.substr(begin, end - begin);
    const auto to = from + static_cast<int32_t>(count_code_points(part));
    if (token)
      run.token(token->id, from, to);
    else
      encode_raw(points_of(part, from), run);
    from = to;
  }
  give_back(std::move(run.cache));
  return std::move(run.result);
}

// Cuts out the words that are never split.
void Pipeline::encode_raw(const Points& text, Run& run) const {
  if (steps_.never_split.empty()) return encode_normalized(text, run);
  size_t done = 0;
  const auto part = [&](size_t begin, size_t end) {
    return Points(text.begin() + static_cast<std::ptrdiff_t>(begin),
                  text.begin() + static_cast<std::ptrdiff_t>(end));
  };
  for (const auto& [begin, end, space] : stretches_of(text, is_white_space)) {
    const std::string word = utf8_of(text.data() + begin, text.data() + end);
    if (space || steps_.never_split.count(word) == 0) continue;
    encode_normalized(part(done, begin), run);
    run.token(id_of(word).value_or(steps_.model->unknown()), text[begin].begin, text[end - 1].end);
    done = end;
  }
  encode_normalized(part(done, text.size()), run);
}

void Pipeline::encode_normalized(Points text, Run& run) const {
  if (steps_.normalizer) text = steps_.normalizer->run(text);
  if (!added_.has_normalized()) return encode_part(text, run);
  const std::string normalized = utf8_of(text);
  size_t from = 0;
  for (const auto& [begin, end, token] : added_.segments(normalized, true)) {
    const std::string_view part = std::string_view(normalized).substr(begin, end - begin);
    const size_t to = from + static_cast<size_t>(count_code_points(part));
    if (token)
      run.token(token->id, text[from].begin, text[to - 1].end);
    else
      encode_part({text.begin() + static_cast<std::ptrdiff_t>(from),
                   text.begin() + static_cast<std::ptrdiff_t>(to)},
                  run);
    from = to;
  }
}

void Pipeline::encode_part(const Points& text, Run& run) const {
  if (text.empty()) return;
  std::vector<Points> parts;
  if (steps_.pre_tokenizer)
    steps_.pre_tokenizer->run(text, parts);
  else
    parts.push_back(text);
  for (const Points& part : parts) {
    const std::string bytes = utf8_of(part);
    // Cuts are in order; those of one unknown's bytes all cover it.
    size_t byte = 0, first = 0, last = 0;
    for (const auto& [id, begin, end] : cuts_of(bytes, run)) {
      if (begin >= byte) {
        first = last;
        for (; byte < begin; ++first) byte += bytes_of_lead(bytes[byte]);
        for (last = first; byte < end; ++last) byte += bytes_of_lead(bytes[byte]);
      }
      run.token(id, part[first].begin, part[last - 1].end);
    }
  }
}

const std::vector<WordModel::Cut>& Pipeline::cuts_of(const std::string& part, Run& run) const {
  if (part.size() > kLongestCachedPart) return run.uncached = steps_.model->encode(part);
  if (const auto at = run.cache->find(part); at != run.cache->end()) return at->second;
  if (run.cache->size() >= kMaxCachedParts) run.cache->clear();
  return run.cache->emplace(part, steps_.model->encode(part)).first->second;
}

std::optional<int32_t> Pipeline::id_of(std::string_view piece) const {
  const auto at = added_ids_.find(std::string(piece));
  return at != added_ids_.end() ? std::optional(at->second) : steps_.model->table().id_of(piece);
}

bool Pipeline::starts_word(int32_t id) const {
  const std::string& text = piece(id);
  const std::string& continuation = steps_.model->continuation();
  if (!continuation.empty()) return text.rfind(continuation, 0) != 0;
  return starts_word_by_google(text);
}

std::string Pipeline::join(const std::vector<std::string>& pieces) const {
  return steps_.decoder ? joined(steps_.decoder->run(pieces), "") : joined(pieces, " ");
}

std::unique_ptr<Pipeline::Cache> Pipeline::take_cache() const {
  const std::lock_guard lock(mutex_);
  if (free_caches_.empty()) return std::make_unique<Cache>();
  auto cache = std::move(free_caches_.back());
  free_caches_.pop_back();
  return cache;
}

void Pipeline::give_back(std::unique_ptr<Cache> cache) const {
  const std::lock_guard lock(mutex_);
  free_caches_.push_back(std::move(cache));
}

}  // namespace albert
