#include "albert/tokenizer/sentence_normalizer.h"

#include <algorithm>

#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr std::string_view kBlank = "\u2581";
// The library applies rules to graphemes of fewer bytes, and to single characters in longer ones.
constexpr size_t kLongestGrapheme = 6;

// Gives every character of a normalised text its source, as the library's
// NormalizedString::transform does from one number for each: 0 where the character replaces one,
// 1 where it is new, -n where n behind it are removed.
class Aligner {
 public:
  Aligner(const TracedText& from, bool escapes_blanks, bool skips_marks)
      : from_(from), escapes_blanks_(escapes_blanks), skips_marks_(skips_marks) {
    pass_marks();
  }

  void dummy_prefix() { append_blank(from_.source.empty() ? 0 : from_.source.front()); }

  // The `length` bytes at `at` become `text`, of which the first `dropped` bytes do not come into
  // the result.
  void replace(size_t at, size_t length, std::string_view text, size_t dropped, bool loses_start) {
    const std::string_view old = std::string_view(from_.text).substr(at, length);
    const size_t olds = count_chars(old);
    if (olds == 0) return append_mark(text, from_.source[at]);
    if (olds > 1 && old.size() >= kLongestGrapheme) return replace_many(text, dropped, olds);
    size_t news = 0;
    for (size_t i = 0; i < text.size(); ++news) {
      const size_t bytes = bytes_of_char(text, i);
      flush();
      pending_ = started_ = true;
      change_ = news < olds ? 0 : 1;
      char_ = i < dropped ? std::string_view() : text.substr(i, bytes);
      i += bytes;
    }
    if (news >= olds) return;
    const auto removed = static_cast<int64_t>(olds - news);
    if (pending_)
      change_ -= removed;
    else if (started_ || !loses_start)
      advance(removed);
  }

  TracedText finish(bool trims_end, bool blank_behind) {
    flush();
    const std::string_view blank = escapes_blanks_ ? kBlank : " ";
    while (trims_end && ends_with(blank)) resize(out_.text.size() - blank.size());
    if (blank_behind) append_blank(out_.source.empty() ? 0 : out_.source.back());
    return std::move(out_);
  }

 private:
  // The parts of a syllable that the library leaves apart: the result reaches from the first one's
  // source to the last one's.
  void replace_many(std::string_view text, size_t dropped, size_t olds) {
    flush();
    const int32_t first = source();
    advance(static_cast<int64_t>(olds) - 1);
    const int32_t last = source();
    advance(1);
    if (dropped < text.size()) append(text.substr(dropped), first);
    if (dropped + 1 < text.size())
      std::fill(out_.source.end() - static_cast<int64_t>(text.size() - dropped - 1),
                out_.source.end(), last);
  }

  void flush() {
    if (!pending_) return;
    pending_ = false;
    const int32_t origin = change_ > 0 && next_ > 0 ? from_.source[next_ - 1] : source();
    if (change_ <= 0) advance(1 - change_);
    if (!char_.empty()) append(char_, origin);
  }

  int32_t source() const {
    return next_ < from_.source.size() ? from_.source[next_]
           : from_.source.empty()      ? 0
                                       : from_.source.back();
  }
  void advance(int64_t chars) {
    for (; chars > 0 && next_ < from_.text.size(); --chars) {
      next_ += bytes_of_char(from_.text, next_);
      pass_marks();
    }
  }
  // Marks that stay are no characters to the library, which has removed them.
  void pass_marks() {
    while (next_ < from_.text.size() && is_skipped_mark(from_.text, next_))
      next_ += bytes_of_char(from_.text, next_);
  }
  void append_mark(std::string_view text, int32_t origin) {
    flush();
    append(text, origin);
  }
  size_t count_chars(std::string_view text) const {
    size_t n = 0;
    for (size_t at = 0; at < text.size(); at += bytes_of_char(text, at))
      n += !is_skipped_mark(text, at);
    return n;
  }
  bool is_skipped_mark(std::string_view text, size_t at) const {
    return skips_marks_ && static_cast<unsigned char>(text[at]) >= 0x80 &&
           is_mark(next_code_point(text, at));
  }

  void append(std::string_view text, int32_t origin) {
    if (text == " ") return append_blank(origin);
    for (const char c : text) {
      if (c == ' ' && escapes_blanks_)
        out_.text += kBlank;
      else
        out_.text += c;
      out_.source.resize(out_.text.size(), origin);
    }
    if (blank_at_ == kNone || is_skipped_mark(text, 0)) return;
    std::fill_n(out_.source.begin() + static_cast<int64_t>(blank_at_), blank_size_, origin);
    blank_at_ = kNone;
  }
  // A blank has the source of the character it stands before; append() mends it.
  void append_blank(int32_t origin) {
    const std::string_view blank = escapes_blanks_ ? kBlank : " ";
    blank_at_ = out_.text.size();
    blank_size_ = static_cast<int64_t>(blank.size());
    out_.text += blank;
    out_.source.resize(out_.text.size(), origin);
  }
  bool ends_with(std::string_view end) const {
    return out_.text.size() >= end.size() &&
           std::string_view(out_.text).substr(out_.text.size() - end.size()) == end;
  }
  void resize(size_t size) {
    out_.text.resize(size);
    out_.source.resize(size);
  }

  static constexpr size_t kNone = ~size_t{0};
  const TracedText& from_;
  const bool escapes_blanks_, skips_marks_;
  TracedText out_;
  size_t next_ = 0;  // byte of from_.text that the next character replaces
  bool started_ = false, pending_ = false;
  int64_t change_ = 0;
  std::string_view char_;
  size_t blank_at_ = kNone;
  int64_t blank_size_ = 0;
};

}  // namespace

SentenceNormalizer::SentenceNormalizer(const SentenceModel& model, bool skips_marks)
    : skips_marks_(skips_marks),
      dummy_prefix_(model.add_dummy_prefix && !model.whitespace_as_suffix),
      single_blanks_(model.remove_extra_whitespaces),
      escapes_blanks_(model.escape_whitespaces),
      blank_behind_(model.add_dummy_prefix && model.whitespace_as_suffix),
      charsmap_(model.charsmap) {
  PieceTrie::Entries symbols;
  bool begins_longer[256] = {};
  for (const auto& piece : model.pieces) {
    if (piece.type != SentenceModel::Type::kUserDefined) continue;
    symbols.emplace_back(piece.text, 0);
    if (piece.text.size() > 1) begins_longer[static_cast<unsigned char>(piece.text[0])] = true;
  }
  user_defined_ = PieceTrie(std::move(symbols));
  for (unsigned char c = 0; c < 128; ++c)
    keeps_[c] = c != ' ' && charsmap_.keeps(c) && !begins_longer[c];
}

Charsmap::Rule SentenceNormalizer::rule_at(std::string_view text) const {
  if (const size_t length = user_defined_.longest(text); length > 0)
    return {length, text.substr(0, length)};
  const Charsmap::Rule rule = charsmap_.longest(text);
  if (rule.length > 0) return rule;
  const size_t length = bytes_of_char(text, 0);
  return {length, text.substr(0, length)};
}

bool SentenceNormalizer::removes_first(std::string_view text) const {
  return !text.empty() && rule_at(text).text.empty();
}

// Text of which every character stays, with the dummy prefix.
TracedText SentenceNormalizer::prefixed(const TracedText& text) {
  TracedText result;
  result.text.reserve(kBlank.size() + text.text.size());
  result.text += kBlank;
  result.text += text.text;
  result.source.reserve(result.text.size());
  result.source.assign(kBlank.size(), text.source.front());
  result.source.insert(result.source.end(), text.source.begin(), text.source.end());
  return result;
}

TracedText SentenceNormalizer::run(const TracedText& text, Start start) const {
  if (dummy_prefix_ && escapes_blanks_ && !text.text.empty() &&
      std::all_of(text.text.begin(), text.text.end(),
                  [&](char c) { return keeps_[static_cast<unsigned char>(c)]; }))
    return prefixed(text);
  Aligner aligner(text, escapes_blanks_, skips_marks_);
  const std::string_view all = text.text;
  bool only_blanks = true, after_blank = single_blanks_;
  if (dummy_prefix_) aligner.dummy_prefix();
  for (size_t at = 0; at < all.size();) {
    const Charsmap::Rule rule = rule_at(all.substr(at));
    only_blanks = only_blanks && single_blanks_ && rule.text == " ";
    const size_t dropped =
        after_blank ? std::min(rule.text.find_first_not_of(' '), rule.text.size()) : 0;
    aligner.replace(at, rule.length, rule.text, dropped, start == Start::kText);
    if (dropped < rule.text.size()) after_blank = single_blanks_ && rule.text.back() == ' ';
    at += rule.length;
  }
  if (only_blanks) return {};
  return aligner.finish(single_blanks_, blank_behind_);
}

}  // namespace albert
