#pragma once
#include <cstdint>
#include <vector>

namespace albert {

// What lies around the ids of a text, or of a text and its pair, when special tokens are added.
struct SequenceTemplate {
  struct Item {
    enum class Kind : uint8_t { kText, kPair, kSpecial } kind;
    int32_t type = 0;               // token_type_id
    std::vector<int32_t> ids = {};  // of kSpecial
  };
  std::vector<Item> single, pair;

  // [CLS] A [SEP] and [CLS] A [SEP] B [SEP], types 0 and 1.
  static SequenceTemplate of(int32_t cls, int32_t sep) {
    using Kind = Item::Kind;
    const Item first{Kind::kSpecial, 0, {cls}}, end{Kind::kSpecial, 0, {sep}};
    const Item text{Kind::kText, 0}, pair{Kind::kPair, 1}, last{Kind::kSpecial, 1, {sep}};
    return {{first, text, end}, {first, text, end, pair, last}};
  }

  // How many ids it adds.
  int64_t added(bool with_pair) const {
    int64_t count = 0;
    for (const Item& item : with_pair ? pair : single)
      count += static_cast<int64_t>(item.ids.size());
    return count;
  }
};

}  // namespace albert
