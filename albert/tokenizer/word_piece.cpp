#include "albert/tokenizer/word_piece.h"

#include <utf8proc.h>

#include <unordered_map>

#include "albert/base/error.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

constexpr size_t kLongestWord =
    200;  // code points; longer ones are unknown (Google's max_input_chars_per_word)

struct Traced {
  int32_t code, source;
};
using Word = std::vector<Traced>;

bool is_cjk(int32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

// All of ASCII that is neither letter nor digit counts, as in BERT.
bool is_punctuation(int32_t c) {
  if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
      (c >= 123 && c <= 126))
    return true;
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_dropped(int32_t c) {
  const auto category = utf8proc_category(c);
  return c == 0 || c == 0xFFFD ||
         (!is_space(c) && (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF));
}

class WordPiece final : public WordEncoder {
 public:
  WordPiece(const std::string& name, const std::string& vocabulary, const TokenizerOptions& options)
      : options_(options) {
    for (size_t at = 0; at < vocabulary.size();) {
      const size_t end = std::min(vocabulary.find('\n', at), vocabulary.size());
      add(name, vocabulary.substr(at, end - at));
      at = end + 1;
    }
    for (size_t id = 0; id < pieces_.size(); ++id)
      if (!ids_.emplace(pieces_[id], static_cast<int32_t>(id)).second)
        fail(name, id, "is there twice");
    unknown_ = id_of("[UNK]").value_or(id_of("<unk>").value_or(0));
  }

  bool by_word() const override { return true; }
  int64_t size() const override { return static_cast<int64_t>(pieces_.size()); }
  const std::string& piece(int32_t id) const override {
    return pieces_.at(static_cast<size_t>(id));
  }
  std::optional<int32_t> id_of(std::string_view piece) const override {
    const auto at = ids_.find(piece);
    return at == ids_.end() ? std::nullopt : std::optional(at->second);
  }
  bool starts_word(int32_t id) const override { return piece(id).rfind("##", 0) != 0; }

  Pieces encode(std::string_view text) const override {
    Pieces result;
    Word word;
    const auto flush = [&] {
      if (!word.empty()) append(word, result);
      word.clear();
    };
    for (const Traced& c : normalized(text)) {
      const bool alone = is_cjk(c.code) || is_punctuation(c.code);
      if (alone || is_space(c.code)) flush();
      if (is_space(c.code)) continue;
      word.push_back(c);
      if (alone) flush();
    }
    flush();
    return result;
  }

  std::string join(const std::vector<std::string>& pieces) const override {
    std::string text;
    for (const auto& piece : pieces) {
      if (piece.rfind("##", 0) == 0)
        text += piece.substr(2);
      else
        text += (text.empty() ? "" : " ") + piece;
    }
    return text;
  }

 private:
  [[noreturn]] static void fail(const std::string& name, size_t line, const std::string& what) {
    albert::fail(ErrorCode::kBadData,
                 name + ":" + std::to_string(line + 1) + ": the piece " + what);
  }

  void add(const std::string& name, std::string piece) {
    if (!piece.empty() && piece.back() == '\r') piece.pop_back();
    if (piece.empty()) fail(name, pieces_.size(), "is empty");
    if (invalid_utf8(piece) != std::string::npos) fail(name, pieces_.size(), "is not UTF-8");
    pieces_.push_back(std::move(piece));
  }

  // Without control characters; lower case and without accents where the options say so.
  Word normalized(std::string_view text) const {
    std::string clean;
    std::vector<int32_t> source;
    size_t at = 0;
    for (int32_t point = 0; at < text.size(); ++point) {
      const int32_t code = next_code_point(text, at);
      if (is_dropped(code)) continue;
      append_utf8(clean, code);
      source.push_back(point);
    }
    Word word;
    size_t from = 0;
    for (size_t i = 0; from < clean.size(); ++i)
      append_folded(next_code_point(clean, from), source[i], word);
    return word;
  }

  void append_folded(int32_t code, int32_t source, Word& word) const {
    if (!options_.do_lower_case) {
      word.push_back({code, source});
      return;
    }
    utf8proc_int32_t parts[8];
    int boundary = 0;
    const auto n =
        utf8proc_decompose_char(utf8proc_tolower(code), parts, 8, UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < n; ++i)
      if (options_.keep_accents || utf8proc_category(parts[i]) != UTF8PROC_CATEGORY_MN)
        word.push_back({parts[i], source});
  }

  // Greedy, longest piece first; one unknown where any part of the word has no piece.
  void append(const Word& word, Pieces& result) const {
    const size_t before = result.ids.size();
    for (size_t begin = 0; begin < word.size();) {
      const auto [end, id] = longest(word, begin);
      if (end == begin || word.size() > kLongestWord) {
        result.ids.resize(before);
        result.offsets.resize(before);
        result.ids.push_back(unknown_);
        result.offsets.emplace_back(word.front().source, word.back().source + 1);
        return;
      }
      result.ids.push_back(id);
      result.offsets.emplace_back(word[begin].source, word[end - 1].source + 1);
      begin = end;
    }
  }

  std::pair<size_t, int32_t> longest(const Word& word, size_t begin) const {
    std::string text = begin > 0 ? "##" : "";
    std::vector<size_t> ends;
    for (size_t i = begin; i < std::min(word.size(), begin + kLongestWord); ++i) {
      append_utf8(text, word[i].code);
      ends.push_back(text.size());
    }
    for (; !ends.empty(); ends.pop_back())
      if (const auto id = id_of(std::string_view(text).substr(0, ends.back())))
        return {begin + ends.size(), *id};
    return {begin, 0};
  }

  TokenizerOptions options_;
  std::vector<std::string> pieces_;
  std::unordered_map<std::string_view, int32_t> ids_;
  int32_t unknown_ = 0;
};

}  // namespace

std::unique_ptr<const WordEncoder> make_word_piece(const std::string& name,
                                                   const std::string& vocabulary,
                                                   const TokenizerOptions& options) {
  return std::make_unique<WordPiece>(name, vocabulary, options);
}

}  // namespace albert
