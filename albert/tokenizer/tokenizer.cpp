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

// What of the first text of a pair stays.
Sequence beginning_of(const Sequence& s, const EncodeOptions& options) {
  const bool whole = options.max_first_length == 0 || size_of(s) <= options.max_first_length;
  return whole ? s : part(s, 0, options.max_first_length);
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

  void token(int32_t id, int32_t type, int32_t sequence, std::pair<int64_t, int64_t> offset) {
    out.tokens.push_back(tokenizer.piece(id));
    out.input_ids.push_back(id);
    out.token_type_ids.push_back(type);
    out.attention_mask.push_back(1);
    out.special_tokens_mask.push_back(sequence < 0);
    out.offset_mapping.push_back(offset);
    out.sequence_ids.push_back(sequence);
  }
  void special(int32_t id, int32_t type) {
    if (special_tokens) token(id, type, -1, {0, 0});
  }
  void sequence(const Sequence& s, int32_t type, int32_t which) {
    for (size_t i = 0; i < s.ids.size(); ++i) token(s.ids[i], type, which, s.offsets[i]);
  }
  void pad(int64_t length) {
    while (static_cast<int64_t>(out.input_ids.size()) < length) {
      token(tokenizer.pad_id(), 0, -1, {0, 0});
      out.attention_mask.back() = 0;
    }
  }
};

Encoding assemble(const Tokenizer& tokenizer, const SequenceTemplate& around, const Sequence& a,
                  const Sequence* b, const EncodeOptions& options) {
  using Kind = SequenceTemplate::Item::Kind;
  Builder builder{tokenizer, options.add_special_tokens, {}};
  for (const auto& item : b ? around.pair : around.single) {
    if (item.kind == Kind::kText) builder.sequence(a, item.type, 0);
    if (item.kind == Kind::kPair && b) builder.sequence(*b, item.type, 1);
    for (const int32_t id : item.ids) builder.special(id, item.type);
  }
  builder.pad(options.pad_to);
  return builder.out;
}

// Ids that are left for the text itself.
int64_t room(const EncodeOptions& options, const SequenceTemplate& around, bool pair) {
  const int64_t added = options.add_special_tokens ? around.added(pair) : 0;
  return std::max<int64_t>(0, options.max_length - added);
}

// How many ids of each text stay where there is room for `most`.
std::pair<int64_t, int64_t> kept(int64_t first, int64_t second, int64_t most,
                                 const EncodeOptions& options) {
  switch (options.truncation) {
    case Truncation::kNone: break;
    case Truncation::kLongestFirst: return longest_first(first, second, most);
    case Truncation::kLongestFirstFast: return longest_first_fast(first, second, most);
    case Truncation::kOnlyFirst: first = std::min(first, most - second); break;
    case Truncation::kOnlySecond: second = std::min(second, most - first); break;
  }
  if (first < 0) fail_room(options, "second text");
  if (second < 0) fail_room(options, "first text");
  return {first, second};
}

// What of `s` stays in windows of `length`, each beginning `length - stride` behind the one before.
std::vector<Sequence> windows(const Sequence& s, int64_t length, int64_t stride) {
  if (stride < 0 || stride >= length)
    fail(ErrorCode::kBadData, "stride: found ", stride, ", wanted 0 to ", length - 1,
         ": windows have room for ", length, " ids");
  std::vector<Sequence> found;
  for (int64_t begin = 0;; begin += length - stride) {
    found.push_back(part(s, begin, std::min(length, size_of(s) - begin)));
    if (begin + length >= size_of(s)) return found;
  }
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;

int64_t Tokenizer::vocab_size() const {
  return state_->encoder->size() + static_cast<int64_t>(state_->added_pieces.size());
}
const std::string& Tokenizer::piece(int32_t id) const {
  const int64_t added = id - state_->encoder->size();
  return added < 0 ? state_->encoder->piece(id)
                   : state_->added_pieces.at(static_cast<size_t>(added));
}
std::optional<int32_t> Tokenizer::id_of(std::string_view piece) const {
  for (size_t i = 0; i < state_->added_pieces.size(); ++i)
    if (state_->added_pieces[i] == piece)
      return static_cast<int32_t>(state_->encoder->size() + static_cast<int64_t>(i));
  return state_->encoder->id_of(piece);
}
std::string Tokenizer::check_vocab_size(int64_t rows) const {
  const std::string found = "tokenizer: found " + std::to_string(vocab_size()) + " ids";
  const std::string rows_text = std::to_string(rows) + ", the model's vocab_size";
  if (vocab_size() > rows)
    fail(ErrorCode::kMismatch, found, ", wanted at most ", rows_text,
         "; give the tokenizer that the model was trained with");
  return vocab_size() == rows ? "" : found + ", fewer than " + rows_text;
}
bool Tokenizer::starts_word(int32_t id) const {
  return id >= state_->encoder->size() || state_->encoder->starts_word(id);
}
int32_t Tokenizer::cls_id() const { return state_->special.cls; }
int32_t Tokenizer::sep_id() const { return state_->special.sep; }
int32_t Tokenizer::mask_id() const { return state_->special.mask; }
int32_t Tokenizer::pad_id() const { return state_->special.pad; }
int32_t Tokenizer::unk_id() const { return state_->special.unk; }
const TokenizerOptions& Tokenizer::options() const { return state_->options; }
uint64_t Tokenizer::fingerprint() const { return state_->fingerprint; }

bool Tokenizer::is_special(int32_t id) const { return state_->special_ids.count(id) != 0; }
std::map<std::string, std::string> Tokenizer::files() const { return state_->files; }

namespace {

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

Sequence sequence_of(std::string_view text, Tokenizer::State& state) {
  check_utf8(text);
  Sequence s;
  const Lease cache(state.caches);
  append_ids(text, *state.encoder, *cache, state.added, state.options, s.ids, &s.offsets);
  return s;
}

}  // namespace

std::vector<int32_t> Tokenizer::ids(std::string_view text) const {
  check_utf8(text);
  std::vector<int32_t> ids;
  const Lease cache(state_->caches);
  append_ids(text, *state_->encoder, *cache, state_->added, state_->options, ids, nullptr);
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
  Sequence a = sequence_of(text, *state_), b;
  if (pair) {
    a = beginning_of(a, options);
    b = sequence_of(*pair, *state_);
  }
  const auto [first, second] =
      kept(size_of(a), size_of(b), room(options, state_->special_tokens, pair != nullptr), options);
  a = part(a, 0, first);
  b = part(b, 0, second);
  return assemble(*this, state_->special_tokens, a, pair ? &b : nullptr, options);
}

std::pair<std::vector<int32_t>, std::vector<int32_t>> Tokenizer::prepare_for_model(
    std::span<const int32_t> ids, std::span<const int32_t> pair_ids,
    const EncodeOptions& options) const {
  using Kind = SequenceTemplate::Item::Kind;
  const auto [first, second] =
      kept(static_cast<int64_t>(ids.size()), static_cast<int64_t>(pair_ids.size()),
           room(options, state_->special_tokens, true), options);
  std::pair<std::vector<int32_t>, std::vector<int32_t>> prepared;
  auto& [all, types] = prepared;
  for (const auto& item : state_->special_tokens.pair) {
    std::span<const int32_t> part = item.ids;
    if (item.kind == Kind::kText) part = ids.first(static_cast<size_t>(first));
    if (item.kind == Kind::kPair) part = pair_ids.first(static_cast<size_t>(second));
    if (item.kind == Kind::kSpecial && !options.add_special_tokens) part = {};
    all.insert(all.end(), part.begin(), part.end());
    types.resize(all.size(), item.type);
  }
  return prepared;
}

int64_t Tokenizer::num_special_tokens_to_add(bool pair) const {
  return state_->special_tokens.added(pair);
}

std::vector<Encoding> Tokenizer::encode_overflowing(std::string_view text,
                                                    std::optional<std::string_view> text_pair,
                                                    const EncodeOptions& options) const {
  const bool cuts_second = options.truncation == Truncation::kOnlySecond;
  if (options.truncation == Truncation::kNone)
    return {encode_pair(text, text_pair ? &*text_pair : nullptr, options)};
  if (text_pair && (options.truncation == Truncation::kLongestFirst ||
                    options.truncation == Truncation::kLongestFirstFast))
    fail(ErrorCode::kBadData, "overflowing parts of a pair: truncate only_first or only_second");
  Sequence a = sequence_of(text, *state_), b;
  if (text_pair) {
    a = beginning_of(a, options);
    b = sequence_of(*text_pair, *state_);
  }
  const int64_t length =
      room(options, state_->special_tokens, text_pair.has_value()) - size_of(cuts_second ? a : b);
  if (length <= 0) fail_room(options, cuts_second ? "first text" : "second text");
  std::vector<Encoding> parts;
  for (const Sequence& window : windows(cuts_second ? b : a, length, options.stride)) {
    const Sequence* second = !text_pair ? nullptr : cuts_second ? &window : &b;
    parts.push_back(
        assemble(*this, state_->special_tokens, cuts_second ? a : window, second, options));
  }
  return parts;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens,
                              bool clean_up) const {
  std::vector<std::string> kept;
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocab_size())
      fail(ErrorCode::kBadData,
           "id " + std::to_string(id) + ", the vocabulary has " + std::to_string(vocab_size()));
    if (!skip_special_tokens || !is_special(id)) kept.push_back(piece(id));
  }
  std::string text = state_->encoder->join(kept);
  return clean_up ? cleaned(std::move(text)) : text;
}

}  // namespace albert
