#include "albert/tokenizer/piece_trie.h"

#include <algorithm>

namespace albert {

PieceTrie::PieceTrie(Entries entries) : nodes_(kBlock) {
  std::sort(entries.begin(), entries.end());
  nodes_[kRoot].parent = kRoot;  // never a child: place() does not hand slot 0 out
  struct Range {
    size_t begin, end, depth;
    uint32_t node;
  };
  std::vector<Range> open{{0, entries.size(), 0, kRoot}};
  std::vector<unsigned char> labels;
  std::vector<size_t> begins;
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    if (range.begin < range.end && entries[range.begin].first.size() == range.depth)
      nodes_[range.node].value = entries[range.begin++].second;
    labels.clear();
    begins.clear();
    for (size_t i = range.begin; i < range.end; ++i) {
      const auto label = static_cast<unsigned char>(entries[i].first[range.depth]);
      if (!labels.empty() && labels.back() == label) continue;
      labels.push_back(label);
      begins.push_back(i);
    }
    if (labels.empty()) continue;
    begins.push_back(range.end);
    const uint32_t base = place(labels);
    nodes_[range.node].base = base;
    for (size_t i = 0; i < labels.size(); ++i) {
      nodes_[base ^ labels[i]].parent = range.node;
      open.push_back({begins[i], begins[i + 1], range.depth + 1, base ^ labels[i]});
    }
  }
}

// A base at which every child's slot is free. Only the last blocks are searched, so that building
// takes time in proportion to the keys.
uint32_t PieceTrie::place(const std::vector<unsigned char>& labels) {
  constexpr uint32_t kSearched = 16 * kBlock;
  const auto is_free = [&](uint32_t slot) { return slot != kRoot && nodes_[slot].parent == kFree; };
  const auto size = static_cast<uint32_t>(nodes_.size());
  first_free_ = std::max(first_free_, size - std::min(size, kSearched));
  while (first_free_ < size && !is_free(first_free_)) ++first_free_;
  for (uint32_t slot = first_free_; slot < size; ++slot) {
    if (!is_free(slot)) continue;
    const uint32_t base = slot ^ labels.front();
    if (std::all_of(labels.begin(), labels.end(),
                    [&](unsigned char label) { return is_free(base ^ label); }))
      return base;
  }
  nodes_.resize(nodes_.size() + kBlock);
  return size;
}

size_t PieceTrie::longest(std::string_view text) const {
  size_t length = 0;
  uint32_t node = kRoot;
  for (size_t at = 0; at < text.size() && step(node, static_cast<unsigned char>(text[at])); ++at)
    if (value(node) != kNoValue) length = at + 1;
  return length;
}

}  // namespace albert
