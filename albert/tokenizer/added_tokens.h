#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace albert {

// A token that stands for itself in text, under transformers' names of its settings. It is matched
// before the vocabulary cuts anything: on the text as given, or (`normalized`) on what the
// normaliser makes of it.
struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool single_word = false;  // not inside of a word
  bool lstrip = false;       // takes white space before it
  bool rstrip = false;       // takes white space behind it
  bool normalized = false;
  bool special = false;  // left out by decode(.., skip_special_tokens)
  bool operator==(const AddedToken&) const = default;
};

// All of them, and where they are in a text: leftmost first, and of several the longest, as the
// `tokenizers` library's AddedVocabulary finds them. Takes time in proportion to the text.
class AddedTokens {
 public:
  using Normalize = std::function<std::string(const std::string&)>;
  struct Segment {
    size_t begin, end;        // bytes of the text
    const AddedToken* token;  // null for what lies between two
  };

  AddedTokens() = default;
  // `normalize`: what contents of normalised tokens become before they are looked for.
  AddedTokens(std::vector<AddedToken> tokens, const Normalize& normalize);

  const std::vector<AddedToken>& tokens() const { return tokens_; }
  bool has_normalized() const { return !normalized_.empty(); }
  // The whole text in order. `normalized`: the text is, and only such tokens are looked for;
  // otherwise only the others.
  std::vector<Segment> segments(std::string_view text, bool normalized) const;

 private:
  struct Table {
    std::unordered_map<std::string, size_t> index;  // content -> place in tokens_
    std::array<std::vector<size_t>, 256> lengths;   // by first byte, longest first
    bool empty() const { return index.empty(); }
    void add(const std::string& content, size_t place);
    // The first place at or behind `at` where a token may begin; the end of the text without one.
    size_t next_begin(std::string_view text, size_t at) const;
  };
  struct Found {
    size_t place, length = 0;
  };
  static Found longest_at(const Table& table, std::string_view text, size_t at);

  std::vector<AddedToken> tokens_;
  Table raw_, normalized_;
};

}  // namespace albert
