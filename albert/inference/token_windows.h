#pragma once
#include <span>
#include <string_view>

#include "albert/inference/text_encoder.h"

namespace albert {

// How a text that is longer than a model takes is read.
struct TokenWindowOptions {
  // Ids of a window with special tokens; without it 512, or the model's positions where it has
  // fewer.
  std::optional<int64_t> max_seq_length = {};
  // Ids that a window shares with the one before; at most half of what a window has room for.
  int64_t stride = 128;
};

// A part of a text as a model takes it.
struct TokenWindow {
  std::vector<int32_t> input_ids = {}, token_type_ids = {};
  // Of each id: the token of the text whose label is decided here, where it has the most text
  // around it; -1 for special tokens and those that another window decides.
  std::vector<int64_t> decides = {};
};

// A text, or words, in windows. Each token is decided in one of them.
struct WindowedText {
  struct Token {
    int64_t begin = 0, end = 0;  // code points of the text
    int64_t word = -1;           // its number, where words were given
    bool starts_word = true;     // by its own form, where a text was given
  };
  std::string text;                       // words are joined by blanks
  std::optional<int64_t> words = {};      // how many were given; empty: a text was
  std::vector<Token> tokens = {};         // without special ones
  std::vector<TokenWindow> windows = {};  // one or more
};

// Texts and words to windows for one model.
class TokenWindowEncoder {
 public:
  // Error(kUsage) and Error(kMismatch) as TextEncoder's, and Error(kUsage) for a negative stride.
  TokenWindowEncoder(std::shared_ptr<const Tokenizer> tokenizer, const AlbertConfig& config,
                     const TokenWindowOptions& options);

  // Error(kBadData) for text that is not UTF-8.
  WindowedText text(std::string_view text) const;
  // Each word is encoded alone, as transformers' is_split_into_words does; a word that normalising
  // removes has no token.
  WindowedText words(std::span<const std::string> words) const;

  const Tokenizer& tokenizer() const { return encoder_.tokenizer(); }
  int64_t max_seq_length() const { return encoder_.max_seq_length(); }
  const std::string& warning() const { return encoder_.warning(); }

 private:
  using Ids = std::vector<int32_t>;
  // Appends the tokens of a text that begins `at` code points into the windowed one.
  void add(std::string_view text, int64_t at, int64_t word, WindowedText& to, Ids& ids) const;
  bool starts_word(int32_t id) const;
  void cut(const Ids& ids, WindowedText& text) const;

  TextEncoder encoder_;
  Encoding around_;                 // a text of one token, with special tokens
  size_t before_ = 0, behind_ = 0;  // how many of these there are on either side
  size_t stride_ = 0;
};

}  // namespace albert
