#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace albert {

// Ids of a piece of text, and the code points [begin, end) of it that each covers.
struct Pieces {
  std::vector<int32_t> ids;
  std::vector<std::pair<int32_t, int32_t>> offsets;
};

// A vocabulary and its rule for cutting text. Stateless: any number of threads may call it.
class WordEncoder {
 public:
  virtual ~WordEncoder() = default;
  // Whether encoding run by run between white space gives what encoding all at once does.
  virtual bool by_word() const = 0;
  // `text` is valid UTF-8: one run without white space where by_word(), anything otherwise.
  virtual Pieces encode(std::string_view text) const = 0;
  // Whether normalising removes the first character of `text`. Then the offsets of all of it depend
  // on each other, and encode_text() encodes it at once.
  virtual bool removes_start(std::string_view) const { return false; }
  virtual Pieces encode_text(std::string_view text) const { return encode(text); }

  virtual int64_t size() const = 0;
  virtual const std::string& piece(int32_t id) const = 0;
  virtual std::optional<int32_t> id_of(std::string_view piece) const = 0;
  virtual bool starts_word(int32_t id) const = 0;
  // Pieces as text: U+2581 or ## resolved.
  virtual std::string join(const std::vector<std::string>& pieces) const = 0;
};

}  // namespace albert
