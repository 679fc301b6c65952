#include "albert/trainer/data/duplicates.h"

#include <algorithm>

#include "albert/base/ascii.h"
#include "albert/base/checksum.h"
#include "albert/tokenizer/utf8.h"

namespace albert {
namespace {

void append_normalised(std::string& to, const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const int32_t code = read_code_point(text, at);
    if (code != '_' && is_word_character(code)) append_utf8(to, code);
  }
}

std::string normalised(const Document& document) {
  std::string all;
  for (const std::string& sentence : document) append_normalised(all, sentence);
  return ascii_lower(all);
}

}  // namespace

// A text without letters, such as a row of stars, is no duplicate of another.
bool DuplicateFilter::is_new(const std::string& text) {
  if (text.empty()) return true;
  const auto [low, high] = xxh3_128_numbers(text.data(), text.size());
  return seen_.insert({low, high}).second;
}

bool DuplicateFilter::keep(Document& document) {
  if (drops_ == DropDuplicates::kNone) return true;
  if (drops_ == DropDuplicates::kDocuments) {
    const bool kept = is_new(normalised(document));
    documents_ += kept ? 0 : 1;
    return kept;
  }
  const auto repeated = std::remove_if(document.begin(), document.end(), [&](const auto& sentence) {
    return !is_new(normalised({sentence}));
  });
  const auto dropped = document.end() - repeated;
  document.erase(repeated, document.end());
  (document.empty() ? documents_ : sentences_) += document.empty() ? 1 : dropped;
  return !document.empty();
}

}  // namespace albert
