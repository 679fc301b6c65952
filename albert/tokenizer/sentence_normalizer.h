#pragma once
#include "albert/tokenizer/charsmap.h"
#include "albert/tokenizer/piece_trie.h"
#include "albert/tokenizer/preprocess.h"
#include "albert/tokenizer/sentence_model.h"

namespace albert {

// SentencePiece's normaliser: the charsmap's rules, single blanks, and U+2581 for a blank and
// before the text. For every byte of the result it tells the source as the `tokenizers` library
// aligns it.
class SentenceNormalizer {
 public:
  // kWord is a run from anywhere in a text. kText is all that is normalised at once: there the
  // library loses count of the characters that the charsmap removes before the first that stays,
  // and every offset behind them is that much too small. Models are trained and evaluated with its
  // offsets, so these are the same.
  enum class Start : uint8_t { kWord, kText };

  // `skips_marks`: marks that stay have no part in a blank's source.
  SentenceNormalizer(const SentenceModel& model, bool skips_marks);

  TracedText run(const TracedText& text, Start start) const;

  // Whether the charsmap removes the first character of `text`.
  bool removes_first(std::string_view text) const;

 private:
  Charsmap::Rule rule_at(std::string_view text) const;
  static TracedText prefixed(const TracedText& text);

  bool skips_marks_, dummy_prefix_, single_blanks_, escapes_blanks_, blank_behind_;
  Charsmap charsmap_;
  PieceTrie user_defined_;
  bool keeps_[256] = {};  // ASCII that stays as it is beside other ASCII
};

}  // namespace albert
