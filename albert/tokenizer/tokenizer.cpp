#include "albert/tokenizer/tokenizer.h"

#include <algorithm>

#include "albert/tokenizer/sequence.h"
#include "albert/tokenizer/tokenizer_state.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

void check_utf8(std::string_view text) {
  if (const size_t at = invalid_utf8(text); at != std::string_view::npos)
    fail(ErrorCode::kBadData, "byte " + std::to_string(at + 1) + " is not UTF-8");
}

int64_t size_of(const Sequence& s) { return static_cast<int64_t>(s.ids.size()); }

Sequence part(const Sequence& s, int64_t begin, int64_t length) {
  return {{s.ids.begin() + begin, s.ids.begin() + begin + length},
          {s.offsets.begin() + begin, s.offsets.begin() + begin + length}};
}

[[noreturn]] void fail_room(const EncodeOptions& options, const char* which) {
  fail(ErrorCode::kBadData, "the " + std::string(which) + " leaves no room in max_length " +
                                std::to_string(options.max_length) +
                                "; truncate longest_first, or raise it");
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// transformers' clean_up_tokenization: blanks before punctuation and in contractions go.
std::string cleaned(std::string text) {
  constexpr std::pair<const char*, const char*> kRules[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
  return text;
}

// A sequence or pair on its way into an Encoding.
struct Builder {
  const Tokenizer& tokenizer;
  bool special_tokens;
  Encoding out;

  void token(int32_t id, int32_t type, bool special, std::pair<int64_t, int64_t> offset) {
    out.tokens.push_back(tokenizer.piece(id));
    out.input_ids.push_back(id);
    out.token_type_ids.push_back(type);
    out.attention_mask.push_back(1);
    out.special_tokens_mask.push_back(special);
    out.offset_mapping.push_back(offset);
  }
  void special(int32_t id, int32_t type) {
    if (special_tokens) token(id, type, true, {0, 0});
  }
  void sequence(const Sequence& s, int32_t type) {
    for (size_t i = 0; i < s.ids.size(); ++i) token(s.ids[i], type, false, s.offsets[i]);
    special(tokenizer.sep_id(), type);
  }
  void pad(int64_t length) {
    while (static_cast<int64_t>(out.input_ids.size()) < length) {
      token(tokenizer.pad_id(), 0, true, {0, 0});
      out.attention_mask.back() = 0;
    }
  }
};

// [CLS] A [SEP] and [CLS] A [SEP] B [SEP], types 0 and 1
Encoding assemble(const Tokenizer& tokenizer, const Sequence& a, const Sequence* b,
                  const EncodeOptions& options) {
  Builder builder{tokenizer, options.add_special_tokens, {}};
  builder.special(tokenizer.cls_id(), 0);
  builder.sequence(a, 0);
  if (b) builder.sequence(*b, 1);
  builder.pad(options.pad_to);
  return builder.out;
}

// Ids that are left for the text itself.
int64_t room(const EncodeOptions& options, bool pair) {
  return std::max<int64_t>(0,
                           options.max_length - (options.add_special_tokens ? (pair ? 3 : 2) : 0));
}

// What of `s` stays in windows of `length`, each beginning `length - stride` behind the one before.
std::vector<Sequence> windows(const Sequence& s, int64_t length, int64_t stride) {
  if (stride < 0 || stride >= length)
    fail(ErrorCode::kBadData, "stride " + std::to_string(stride) + " must be less than the " +
                                  std::to_string(length) + " ids there is room for");
  std::vector<Sequence> found;
  for (int64_t begin = 0;; begin += length - stride) {
    found.push_back(part(s, begin, std::min(length, size_of(s) - begin)));
    if (begin + length >= size_of(s)) return found;
  }
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;

int64_t Tokenizer::vocab_size() const { return state_->encoder->size(); }
const std::string& Tokenizer::piece(int32_t id) const { return state_->encoder->piece(id); }
std::optional<int32_t> Tokenizer::id_of(std::string_view piece) const {
  return state_->encoder->id_of(piece);
}
bool Tokenizer::starts_word(int32_t id) const { return state_->encoder->starts_word(id); }
int32_t Tokenizer::cls_id() const { return state_->cls; }
int32_t Tokenizer::sep_id() const { return state_->sep; }
int32_t Tokenizer::mask_id() const { return state_->mask; }
int32_t Tokenizer::pad_id() const { return state_->pad; }
int32_t Tokenizer::unk_id() const { return state_->unk; }
const TokenizerOptions& Tokenizer::options() const { return state_->options; }
uint64_t Tokenizer::fingerprint() const { return state_->fingerprint; }

bool Tokenizer::is_special(int32_t id) const {
  const auto specials = state_->specials();
  return std::find(specials.begin(), specials.end(), id) != specials.end();
}

namespace {

// The texts under which special tokens stand for themselves; none under Google's preprocessing.
std::vector<LiteralToken> literals_of(const Tokenizer& t) {
  std::vector<LiteralToken> literals;
  if (t.options().preprocessing == Preprocessing::kGoogle) return literals;
  for (const int32_t id : {t.pad_id(), t.unk_id(), t.cls_id(), t.sep_id(), t.mask_id()})
    literals.push_back({t.piece(id), id, id == t.mask_id()});
  return literals;
}

// Lends a cache for one call.
class Lease {
 public:
  explicit Lease(WordCaches& caches) : caches_(caches), cache_(caches.take()) {}
  ~Lease() { caches_.give_back(std::move(cache_)); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  WordCache& operator*() const { return *cache_; }

 private:
  WordCaches& caches_;
  std::unique_ptr<WordCache> cache_;
};

Sequence sequence_of(std::string_view text, const Tokenizer& t, const WordEncoder& encoder,
                     WordCaches& caches) {
  check_utf8(text);
  Sequence s;
  const Lease cache(caches);
  append_ids(text, encoder, *cache, literals_of(t), s.ids, &s.offsets);
  return s;
}

}  // namespace

std::vector<int32_t> Tokenizer::ids(std::string_view text) const {
  check_utf8(text);
  std::vector<int32_t> ids;
  const Lease cache(state_->caches);
  append_ids(text, *state_->encoder, *cache, literals_of(*this), ids, nullptr);
  return ids;
}

Encoding Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return encode_pair(text, nullptr, options);
}

Encoding Tokenizer::encode(std::string_view text, std::string_view text_pair,
                           const EncodeOptions& options) const {
  return encode_pair(text, &text_pair, options);
}

Encoding Tokenizer::encode_pair(std::string_view text, const std::string_view* pair,
                                const EncodeOptions& options) const {
  Sequence a = sequence_of(text, *this, *state_->encoder, state_->caches), b;
  if (pair) b = sequence_of(*pair, *this, *state_->encoder, state_->caches);
  const int64_t most = room(options, pair != nullptr);
  int64_t first = size_of(a), second = size_of(b);
  switch (options.truncation) {
    case Truncation::kNone: break;
    case Truncation::kLongestFirst:
      std::tie(first, second) = longest_first(first, second, most);
      break;
    case Truncation::kOnlyFirst: first = std::min(first, most - second); break;
    case Truncation::kOnlySecond: second = std::min(second, most - first); break;
  }
  if (first < 0) fail_room(options, "second text");
  if (second < 0) fail_room(options, "first text");
  a = part(a, 0, first);
  b = part(b, 0, second);
  return assemble(*this, a, pair ? &b : nullptr, options);
}

std::vector<Encoding> Tokenizer::encode_overflowing(std::string_view text,
                                                    std::optional<std::string_view> text_pair,
                                                    const EncodeOptions& options) const {
  const bool cuts_second = options.truncation == Truncation::kOnlySecond;
  if (options.truncation == Truncation::kNone)
    return {encode_pair(text, text_pair ? &*text_pair : nullptr, options)};
  if (text_pair && options.truncation == Truncation::kLongestFirst)
    fail(ErrorCode::kBadData, "overflowing parts of a pair: truncate only_first or only_second");
  const Sequence a = sequence_of(text, *this, *state_->encoder, state_->caches);
  Sequence b;
  if (text_pair) b = sequence_of(*text_pair, *this, *state_->encoder, state_->caches);
  const int64_t length = room(options, text_pair.has_value()) - size_of(cuts_second ? a : b);
  if (length <= 0) fail_room(options, cuts_second ? "first text" : "second text");
  std::vector<Encoding> parts;
  for (const Sequence& window : windows(cuts_second ? b : a, length, options.stride)) {
    const Sequence* second = !text_pair ? nullptr : cuts_second ? &window : &b;
    parts.push_back(assemble(*this, cuts_second ? a : window, second, options));
  }
  return parts;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens,
                              bool clean_up) const {
  std::string text;
  std::vector<std::string> run;
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocab_size())
      fail(ErrorCode::kBadData,
           "id " + std::to_string(id) + ", the vocabulary has " + std::to_string(vocab_size()));
    const bool special = is_special(id);
    if (special && skip_special_tokens) continue;
    run.push_back(piece(id));
    if (!special) continue;
    const std::string token = run.back();
    run.pop_back();
    const std::string words = state_->encoder->join(run);
    text += (text.empty() || words.empty() ? "" : " ") + words + token;
    run.clear();
  }
  const std::string words = state_->encoder->join(run);
  text += (text.empty() || words.empty() ? "" : " ") + words;
  return clean_up ? cleaned(text) : text;
}

}  // namespace albert
