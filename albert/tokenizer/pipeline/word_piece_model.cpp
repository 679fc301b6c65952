#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/tokenizer/pipeline/word_model.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

class WordPieceModel final : public WordModel {
 public:
  WordPieceModel(PieceTable table, WordPieceRules rules, int32_t unknown)
      : table_(std::move(table)), rules_(std::move(rules)), unknown_(unknown) {
    for (const auto& piece : table_.pieces()) longest_ = std::max(longest_, piece.size());
  }

  std::vector<Cut> encode(std::string_view word) const override {
    if (static_cast<size_t>(count_code_points(word)) > rules_.max_chars_per_word)
      return {{unknown_, 0, word.size()}};
    std::vector<Cut> cuts;
    for (size_t begin = 0; begin < word.size(); begin = cuts.back().end) {
      const Cut cut = longest_at(word, begin);
      if (cut.end == begin) return {{unknown_, 0, word.size()}};
      cuts.push_back(cut);
    }
    return cuts;
  }
  const PieceTable& table() const override { return table_; }
  const std::string& continuation() const override { return rules_.continuation; }
  int32_t unknown() const override { return unknown_; }

 private:
  // The longest piece that begins here; an empty one for none.
  Cut longest_at(std::string_view word, size_t begin) const {
    std::string text = begin > 0 ? rules_.continuation : "";
    const size_t prefix = text.size();
    text += word.substr(begin, longest_);
    for (size_t end = text.size(); end > prefix; end = end_before(text, end))
      if (const auto id = table_.id_of(std::string_view(text).substr(0, end)))
        if (begin + end - prefix == word.size() || is_begin(word[begin + end - prefix]))
          return {*id, begin, begin + end - prefix};
    return {unknown_, begin, begin};
  }
  static bool is_begin(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }
  static size_t end_before(const std::string& text, size_t end) {
    --end;
    while (end > 0 && !is_begin(text[end])) --end;
    return end;
  }

  PieceTable table_;
  WordPieceRules rules_;
  int32_t unknown_;
  size_t longest_ = 0;  // bytes of a piece
};

}  // namespace

PieceTable::PieceTable(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {
  for (size_t id = 0; id < pieces_.size(); ++id) ids_[pieces_[id]] = static_cast<int32_t>(id);
}

std::optional<int32_t> PieceTable::id_of(std::string_view piece) const {
  const auto at = ids_.find(piece);
  return at == ids_.end() ? std::nullopt : std::optional(at->second);
}

std::unique_ptr<const WordModel> make_word_piece_model(const std::string& name, PieceTable table,
                                                       WordPieceRules rules) {
  const auto unknown = table.id_of(rules.unknown);
  if (!unknown)
    fail(ErrorCode::kBadData, name, ": found no piece ", in_quotes(rules.unknown),
         ", wanted it for unknown words");
  return std::make_unique<const WordPieceModel>(std::move(table), std::move(rules), *unknown);
}

}  // namespace albert
