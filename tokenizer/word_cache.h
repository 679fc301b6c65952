#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/word_encoder.h"

namespace albert {

// Words met before and their pieces: text repeats its words, so nearly every one is a lookup.
class WordCache {
 public:
  // The pieces of `word`, valid until the next call.
  const Pieces& pieces(std::string_view word, const WordEncoder& encoder) {
    if (const auto at = words_.find(word); at != words_.end()) return at->second;
    if (words_.size() >= kMostWords) words_.clear();
    if (word.size() > kLongestWord) return long_word_ = encoder.encode(word);
    return words_.emplace(std::string(word), encoder.encode(word)).first->second;
  }

 private:
  static constexpr size_t kMostWords = 100'000, kLongestWord = 64;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, Pieces, Hash, std::equal_to<>> words_;
  Pieces long_word_;
};

// One cache for each thread that is encoding right now.
class WordCaches {
 public:
  std::unique_ptr<WordCache> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<WordCache>();
    auto cache = std::move(free_.back());
    free_.pop_back();
    return cache;
  }
  void give_back(std::unique_ptr<WordCache> cache) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(cache));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> free_;
};

}  // namespace albert
