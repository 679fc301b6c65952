#include "albert/tokenizer/sentence_piece.h"

#include <sentencepiece_processor.h>
#include <utf8proc.h>

#include <unordered_map>

#include "albert/base/tokenizer_error.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

const std::string kSpace = "\u2581";

struct Cut {
  std::string text;
  int32_t id;
  size_t begin, end;  // bytes of what SentencePiece was given
};

// isdigit() of Python: decimal digits, and the digits that are written smaller or in circles.
bool is_digit(int32_t code) {
  const auto category = utf8proc_category(code);
  if (category == UTF8PROC_CATEGORY_ND) return true;
  return code == 0xB2 || code == 0xB3 || code == 0xB9 || code == 0x2070 ||
         (code >= 0x2074 && code <= 0x2079) || (code >= 0x2080 && code <= 0x2089) ||
         (code >= 0x2460 && code <= 0x2468) || (code >= 0x2474 && code <= 0x247C) ||
         (code >= 0x2488 && code <= 0x2490) || code == 0x24EA ||
         (code >= 0x24F5 && code <= 0x24FD) || code == 0x24FF ||
         (code >= 0x2776 && code <= 0x277E) || (code >= 0x2780 && code <= 0x2788) ||
         (code >= 0x278A && code <= 0x2792);
}

bool is_faint(int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    default: return false;
  }
}

class SentencePiece final : public WordEncoder {
 public:
  SentencePiece(const std::string& name, const std::string& bytes, SentenceModel model,
                const TokenizerOptions& options)
      : model_(std::move(model)), options_(options) {
    const auto status = processor_.LoadFromSerializedProto(bytes);
    if (!status.ok())
      throw TokenizerError(TokenizerError::Kind::kBadData,
                           name + ": SentencePiece refuses it: " + status.ToString());
    for (size_t i = 0; i < model_.pieces.size(); ++i)
      ids_.emplace(model_.pieces[i].text, static_cast<int32_t>(i));
    by_word_ = splits_at_spaces();
    comma_ = ids_.count(",") != 0 ? ids_.at(",") : processor_.unk_id();
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

  // Google's _is_start_piece_sp: what begins a word, is punctuation, or holds anything but a to z.
  bool starts_word(int32_t id) const override {
    const std::string& text = piece(id);
    if (text.rfind(kSpace, 0) == 0) return true;
    for (const char c : text)
      if (c < 'a' || c > 'z') return true;
    return false;
  }

  Pieces encode(std::string_view word) const override {
    const TracedText traced = preprocess(word, options_);
    Pieces result;
    for (const Cut& cut : with_digit_comma_rule(cuts(traced.text))) {
      result.ids.push_back(cut.id);
      result.offsets.push_back(span_of(traced, cut));
    }
    return result;
  }

  std::string join(const std::vector<std::string>& pieces) const override {
    std::string text;
    for (const auto& piece : pieces) text += piece;
    for (size_t at = 0; (at = text.find(kSpace, at)) != std::string::npos;)
      text.replace(at, kSpace.size(), " ");
    return text.substr(std::min(text.size(), text.find_first_not_of(' ')));
  }

 private:
  // Pieces hold U+2581 at their start alone, and it is a piece itself: then no best path spans two
  // words.
  bool splits_at_spaces() const {
    if (!model_.add_dummy_prefix || !model_.remove_extra_whitespaces ||
        !model_.escape_whitespaces || model_.whitespace_as_suffix || ids_.count(kSpace) == 0)
      return false;
    for (const auto& piece : model_.pieces)
      if (piece.text.find(kSpace, 1) != std::string::npos) return false;
    return true;
  }

  std::vector<Cut> cuts(std::string_view text) const {
    std::vector<Cut> found;
    const auto proto = processor_.EncodeAsImmutableProto(text);
    for (size_t i = 0; i < proto.pieces_size(); ++i) {
      const auto piece = proto.pieces(static_cast<int>(i));
      found.push_back(
          {piece.piece(), static_cast<int32_t>(piece.id()), piece.begin(), piece.end()});
    }
    return found;
  }

  std::vector<Cut> with_digit_comma_rule(std::vector<Cut> cut) const {
    std::vector<Cut> result;
    for (Cut& c : cut) {
      if (!ends_in_digit_comma(c.text)) {
        result.push_back(std::move(c));
        continue;
      }
      for (Cut& part : split_digit_comma(c)) result.push_back(std::move(part));
    }
    return result;
  }

  // The number without its comma and without U+2581, encoded anew; the U+2581 that this puts before
  // it goes again where the piece had none; then the comma.
  std::vector<Cut> split_digit_comma(const Cut& whole) const {
    std::string number = whole.text.substr(0, whole.text.size() - 1);
    for (size_t at; (at = number.find(kSpace)) != std::string::npos;)
      number.erase(at, kSpace.size());
    std::vector<Cut> parts = cuts(number);
    const size_t begin = std::min(
        whole.end - 1, whole.end - 1 - std::min(number.size(), whole.end - 1 - whole.begin));
    for (Cut& part : parts) {
      part.begin = std::min(begin + part.begin, whole.end - 1);
      part.end = std::min(begin + part.end, whole.end - 1);
    }
    if (whole.text.rfind(kSpace, 0) != 0 && !parts.empty() &&
        parts.front().text.rfind(kSpace, 0) == 0) {
      Cut& first = parts.front();
      first.text.erase(0, kSpace.size());
      first.id = id_of(first.text).value_or(processor_.unk_id());
      if (first.text.empty()) parts.erase(parts.begin());
    }
    parts.push_back({",", comma_, whole.end - 1, whole.end});
    return parts;
  }

  // Without blanks, marks and invisible characters at its ends; a lone U+2581 covers the character
  // it stands before. Both as the `tokenizers` library has it.
  static std::pair<int32_t, int32_t> span_of(const TracedText& traced, const Cut& cut) {
    size_t begin = cut.begin, end = cut.begin;
    for (size_t at = cut.begin; at < cut.end;) {
      const size_t here = at;
      if (is_faint(next_code_point(traced.text, at))) continue;
      if (begin == end) begin = here;
      end = at;
    }
    if (begin == end && cut.text != kSpace) begin = cut.begin, end = cut.end;
    if (begin < end) return {traced.source[begin], traced.source[end - 1] + 1};
    for (size_t at = cut.begin; at < traced.text.size();) {
      const size_t here = at;
      const int32_t code = next_code_point(traced.text, at);
      if (code == ' ' || !is_faint(code)) return {traced.source[here], traced.source[here] + 1};
    }
    const int32_t last = traced.source.empty() ? 0 : traced.source.back() + 1;
    return {last, last};
  }

  sentencepiece::SentencePieceProcessor processor_;
  SentenceModel model_;
  TokenizerOptions options_;
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

std::unique_ptr<const WordEncoder> make_sentence_piece(const std::string& name,
                                                       const std::string& model_bytes,
                                                       SentenceModel model,
                                                       const TokenizerOptions& options) {
  return std::make_unique<SentencePiece>(name, model_bytes, std::move(model), options);
}

}  // namespace albert
