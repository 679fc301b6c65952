#include "albert/tokenizer/sentence_piece.h"

#include <utf8proc.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "albert/base/error.h"
#include "albert/tokenizer/sentence_normalizer.h"
#include "albert/tokenizer/unigram.h"
#include "albert/tokenizer/utf8.h"
#include "albert/tokenizer/word_start.h"

namespace albert {
namespace {

constexpr std::string_view kBlank = "\u2581";

bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// Python's isdigit(): decimal digits, and digits that are written smaller, in circles and the like.
bool is_digit(int32_t code) {
  static constexpr std::pair<int32_t, int32_t> kOthers[] = {
      {0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},
      {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
      {0x2474, 0x247C},   {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
      {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},   {0x278A, 0x2792},
      {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};
  if (utf8proc_category(code) == UTF8PROC_CATEGORY_ND) return true;
  return std::any_of(std::begin(kOthers), std::end(kOthers), [code](const auto& range) {
    return code >= range.first && code <= range.second;
  });
}

// SentencePiece's loader refuses a piece that is there twice, and so do we.
void check_pieces(const std::string& name, const SentenceModel& model) {
  std::unordered_map<std::string_view, size_t> normal, reserved;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    const bool is_normal = piece.type == SentenceModel::Type::kNormal ||
                           piece.type == SentenceModel::Type::kUserDefined ||
                           piece.type == SentenceModel::Type::kUnused;
    const auto [at, is_new] = (is_normal ? normal : reserved).emplace(piece.text, id);
    if (!is_new)
      fail(ErrorCode::kBadData, name + ": piece " + std::to_string(id) + " is piece " +
                                    std::to_string(at->second) + " again");
  }
}

class SentencePiece final : public WordEncoder {
 public:
  SentencePiece(SentenceModel model, const TokenizerOptions& options)
      : model_(std::move(model)),
        options_(options),
        normalizer_(model_, !options.keep_accents),
        unigram_(model_) {
    for (size_t i = 0; i < model_.pieces.size(); ++i)
      ids_.emplace(model_.pieces[i].text, static_cast<int32_t>(i));
    by_word_ = splits_at_blanks();
    comma_ = id_of(",").value_or(unigram_.unknown());
  }

  bool by_word() const override { return by_word_; }
  int64_t size() const override { return static_cast<int64_t>(model_.pieces.size()); }
  const std::string& piece(int32_t id) const override {
    return model_.pieces.at(static_cast<size_t>(id)).text;
  }
  std::optional<int32_t> id_of(std::string_view piece) const override {
    const auto at = ids_.find(piece);
    return at == ids_.end() ? std::nullopt : std::optional(at->second);
  }

  bool starts_word(int32_t id) const override { return starts_word_by_google(piece(id)); }

  Pieces encode(std::string_view word) const override {
    if (!by_word_) return encode_text(word);
    const TracedText normal =
        normalizer_.run(preprocess(word, options_), SentenceNormalizer::Start::kWord);
    Pieces result;
    append_pieces(normal, 0, normal.text.size(), result);
    return result;
  }

  bool removes_start(std::string_view text) const override {
    return vanishing_start(text).by_charsmap;
  }

  Pieces encode_text(std::string_view text) const override {
    const std::string plain = by_word_ ? with_plain_blanks(text) : std::string(text);
    const TracedText normal =
        normalizer_.run(preprocess(plain, options_), SentenceNormalizer::Start::kText);
    Pieces result;
    for (size_t begin = 0; begin < normal.text.size();) {
      const size_t next = by_word_ ? normal.text.find(kBlank, begin + 1) : std::string::npos;
      const size_t end = std::min(next, normal.text.size());
      append_pieces(normal, begin, end, result);
      begin = end;
    }
    return result;
  }

  std::string join(const std::vector<std::string>& pieces) const override {
    std::string text;
    for (const auto& piece : pieces) text += piece;
    for (size_t at = 0; (at = text.find(kBlank, at)) != std::string::npos; ++at)
      text.replace(at, kBlank.size(), " ");
    return text.substr(std::min(text.size(), text.find_first_not_of(' ')));
  }

 private:
  using Cut = Unigram::Cut;

  // Pieces hold U+2581 at their start alone, and it is a piece itself: then no best path spans two
  // words.
  bool splits_at_blanks() const {
    if (!model_.add_dummy_prefix || !model_.remove_extra_whitespaces ||
        !model_.escape_whitespaces || model_.whitespace_as_suffix || ids_.count(kBlank) == 0)
      return false;
    for (const auto& piece : model_.pieces)
      if (piece.text.find(kBlank, 1) != std::string::npos) return false;
    return true;
  }

  // Marks that Python's combining() keeps are removed by the library's StripAccents, so they have
  // no part in spans.
  bool is_skipped_mark(std::string_view text) const {
    size_t at = 0;
    return !options_.keep_accents && is_mark(next_code_point(text, at));
  }

  struct Start {
    size_t bytes = 0;
    bool by_charsmap = false;  // whether the charsmap removed one of the characters
  };
  // The characters at the start of `text` of which nothing is left.
  Start vanishing_start(std::string_view text) const {
    Start start;
    while (start.bytes < text.size()) {
      const auto byte = static_cast<unsigned char>(text[start.bytes]);
      if (byte >= 0x20 && byte < 0x7F) break;
      const size_t bytes = bytes_of_char(text, start.bytes);
      const TracedText first = preprocess(text.substr(start.bytes, bytes), options_);
      if (!first.text.empty() && !is_skipped_mark(first.text)) {
        if (!normalizer_.removes_first(first.text)) break;
        start.by_charsmap = true;
      }
      start.bytes += bytes;
    }
    return start;
  }

  // White space that separates words in Python becomes blanks, since the charsmap would remove some
  // of it; behind the start, where it does.
  std::string with_plain_blanks(std::string_view text) const {
    const size_t start = vanishing_start(text).bytes;
    std::string plain(text.substr(0, start));
    for (size_t at = start; at < text.size();) {
      const size_t begin = at;
      if (is_space(read_code_point(text, at)))
        plain += ' ';
      else
        plain += text.substr(begin, at - begin);
    }
    return plain;
  }

  // The pieces of the bytes [begin, end).
  void append_pieces(const TracedText& normal, size_t begin, size_t end, Pieces& result) const {
    const std::string_view text = std::string_view(normal.text).substr(0, end);
    for (Cut cut : unigram_.encode(text.substr(begin))) {
      cut.begin += begin;
      cut.end += begin;
      if (ends_in_digit_comma(text.substr(cut.begin, cut.end - cut.begin)))
        append_number(normal, cut, result);
      else
        append(normal, cut, result);
    }
  }

  // The rule for "2010,": the number without its comma and without U+2581, encoded anew; the U+2581
  // that this puts before it goes again if the piece had none; then the comma.
  void append_number(const TracedText& normal, const Cut& whole, Pieces& result) const {
    TracedText number;
    const std::string_view text = std::string_view(normal.text).substr(0, whole.end - 1);
    for (size_t at = whole.begin; at < text.size();) {
      if (begins_with(text.substr(at), kBlank)) {
        at += kBlank.size();
        continue;
      }
      number.text += text[at];
      number.source.push_back(normal.source[at++]);
    }
    const TracedText again = normalizer_.run(number, SentenceNormalizer::Start::kWord);
    const bool had_blank = begins_with(text.substr(whole.begin), kBlank);
    for (Cut cut : unigram_.encode(again.text)) {
      if (cut.begin == 0 && !had_blank && begins_with(again.text, kBlank)) {
        cut.begin = kBlank.size();
        if (cut.begin == cut.end) continue;
        cut.id = id_of(std::string_view(again.text).substr(cut.begin, cut.end - cut.begin))
                     .value_or(unigram_.unknown());
      }
      append(again, cut, result);
    }
    append(normal, {comma_, whole.end - 1, whole.end}, result);
  }

  // The piece and its span, which ends with characters that are no marks where it can.
  void append(const TracedText& normal, const Cut& cut, Pieces& result) const {
    size_t begin = cut.end, end = cut.begin;
    for (size_t at = cut.begin, next; at < cut.end; at = next) {
      const size_t bytes = bytes_of_char(normal.text, at);
      next = at + bytes;
      if (bytes > 1 && is_skipped_mark(std::string_view(normal.text).substr(at, bytes))) continue;
      begin = std::min(begin, at);
      end = next;
    }
    if (begin >= end) std::tie(begin, end) = std::pair(cut.begin, cut.end);
    const std::pair span(normal.source[begin], normal.source[end - 1] + 1);
    // U+2581 stands before a piece of marks alone.
    if (!result.offsets.empty() && result.offsets.back().first > span.first)
      result.offsets.back() = span;
    result.ids.push_back(cut.id);
    result.offsets.push_back(span);
  }

  SentenceModel model_;
  TokenizerOptions options_;
  SentenceNormalizer normalizer_;
  Unigram unigram_;
  std::unordered_map<std::string_view, int32_t> ids_;
  bool by_word_ = false;
  int32_t comma_ = 0;
};

}  // namespace

bool ends_in_digit_comma(std::string_view piece) {
  if (piece.size() < 2 || piece.back() != ',') return false;
  size_t at = piece.size() - 2;
  while (at > 0 && (static_cast<unsigned char>(piece[at]) & 0xC0) == 0x80) --at;
  const int32_t code = next_code_point(piece, at);
  return at == piece.size() - 1 && is_digit(code);
}

std::unique_ptr<const WordEncoder> make_sentence_piece(const std::string& name, SentenceModel model,
                                                       const TokenizerOptions& options) {
  check_pieces(name, model);
  return std::make_unique<SentencePiece>(std::move(model), options);
}

}  // namespace albert
