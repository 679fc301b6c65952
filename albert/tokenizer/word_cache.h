#pragma once
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "albert/tokenizer/word_encoder.h"

namespace albert {

// Remembers words and their pieces. Text repeats its words, so nearly every one is a lookup. The
// table is flat and its keys and values lie one behind the other, which takes half the time of a
// map of strings.
class WordCache {
 public:
  struct Found {
    std::span<const int32_t> ids;
    std::span<const std::pair<int32_t, int32_t>> offsets;
  };

  // The pieces of `word`, valid until the next call.
  Found pieces(std::string_view word, const WordEncoder& encoder) {
    const size_t hash = std::hash<std::string_view>()(word);
    size_t at = hash & (slots_.size() - 1);
    for (; slots_[at].length != 0; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].hash == static_cast<uint32_t>(hash >> 32) && key(slots_[at]) == word)
        return value(slots_[at]);
    return learn(word, hash, encoder.encode(word));
  }

 private:
  struct Slot {
    uint32_t hash = 0, key_at = 0, length = 0;  // length 0: free
    uint32_t value_at = 0, count = 0;
  };
  static constexpr size_t kFirstSlots = 1 << 12, kMaxWords = 1 << 18, kLongestWord = 64;

  std::string_view key(const Slot& s) const {
    return std::string_view(keys_).substr(s.key_at, s.length);
  }
  Found value(const Slot& s) const {
    return {{ids_.data() + s.value_at, s.count}, {offsets_.data() + s.value_at, s.count}};
  }

  Found learn(std::string_view word, size_t hash, Pieces pieces) {
    if (word.size() > kLongestWord || word.empty()) {
      long_word_ = std::move(pieces);
      return {long_word_.ids, long_word_.offsets};
    }
    if (words_ == kMaxWords) *this = WordCache();
    if (2 * ++words_ > slots_.size()) grow();
    const Slot slot{static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(keys_.size()),
                    static_cast<uint32_t>(word.size()), static_cast<uint32_t>(ids_.size()),
                    static_cast<uint32_t>(pieces.ids.size())};
    keys_ += word;
    ids_.insert(ids_.end(), pieces.ids.begin(), pieces.ids.end());
    offsets_.insert(offsets_.end(), pieces.offsets.begin(), pieces.offsets.end());
    put(slot, hash);
    return value(slot);
  }
  void put(const Slot& slot, size_t hash) {
    size_t at = hash & (slots_.size() - 1);
    while (slots_[at].length != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.length != 0) put(slot, std::hash<std::string_view>()(key(slot)));
  }

  std::vector<Slot> slots_{kFirstSlots};
  size_t words_ = 0;
  std::string keys_;
  std::vector<int32_t> ids_;
  std::vector<std::pair<int32_t, int32_t>> offsets_;
  Pieces long_word_;
};

// Holds one cache for each thread that is encoding right now.
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
