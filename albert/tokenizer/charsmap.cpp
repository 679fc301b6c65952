#include "albert/tokenizer/charsmap.h"

#include <cstring>

namespace albert {
namespace {

constexpr uint32_t kLabel = 0x800000FF, kHasLeaf = 1U << 8, kValue = 0x7FFFFFFF, kNoChild = 0;

size_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & (1U << 9)) >> 6); }

}  // namespace

Charsmap::Charsmap(std::string_view blob) {
  if (!blob.empty()) {
    uint32_t bytes = 0;
    std::memcpy(&bytes, blob.data(), sizeof bytes);
    units_.resize(bytes / sizeof(uint32_t));
    std::memcpy(units_.data(), blob.data() + sizeof bytes, bytes);
    texts_ = blob.substr(sizeof bytes + bytes);
  }
  for (unsigned char c = 0; c < 128; ++c) {
    const uint32_t node = child(0, c);
    keeps_[c] = node == kNoChild || (units_[node] & kHasLeaf) == 0;
    for (unsigned char next = 1; node != kNoChild && next < 128; ++next)
      keeps_[c] = keeps_[c] && child(node, next) == kNoChild;
  }
}

// The node below `node` by `label`, kNoChild for none: no node has the root as its child.
uint32_t Charsmap::child(size_t node, unsigned char label) const {
  if (units_.empty() || label == 0) return kNoChild;
  const size_t at = node ^ offset_of(units_[node]) ^ label;
  return (units_[at] & kLabel) == label ? static_cast<uint32_t>(at) : kNoChild;
}

Charsmap::Rule Charsmap::longest(std::string_view text) const {
  Rule rule;
  uint32_t node = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    node = child(node, static_cast<unsigned char>(text[at]));
    if (node == kNoChild) break;
    if ((units_[node] & kHasLeaf) == 0) continue;
    const uint32_t leaf = units_[node ^ offset_of(units_[node])];
    rule = {at + 1, texts_.c_str() + (leaf & kValue)};
  }
  return rule;
}

Charsmap::Rule Charsmap::shortest(std::string_view text) const {
  uint32_t node = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    node = child(node, static_cast<unsigned char>(text[at]));
    if (node == kNoChild) break;
    if ((units_[node] & kHasLeaf) == 0) continue;
    return {at + 1, texts_.c_str() + (units_[node ^ offset_of(units_[node])] & kValue)};
  }
  return {};
}

}  // namespace albert
