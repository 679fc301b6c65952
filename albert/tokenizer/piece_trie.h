#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace albert {

// A map from byte strings to numbers that finds every key at the beginning of a text in one walk.
// It is a double array: the child of node n by byte b lies at base[n] ^ b, so a step is one lookup.
class PieceTrie {
 public:
  using Entries = std::vector<std::pair<std::string_view, int32_t>>;
  static constexpr uint32_t kRoot = 0;
  static constexpr int32_t kNoValue = -1;

  PieceTrie() : PieceTrie(Entries()) {}
  // The keys are distinct and not empty, the values not negative.
  explicit PieceTrie(Entries entries);

  // Moves `node` to its child by `byte`; false, and `node` stays, if it has none.
  bool step(uint32_t& node, unsigned char byte) const {
    const uint32_t child = nodes_[node].base ^ byte;
    if (nodes_[child].parent != node) return false;
    node = child;
    return true;
  }
  int32_t value(uint32_t node) const { return nodes_[node].value; }

  // Length of the longest key at the beginning of `text`, 0 for none.
  size_t longest(std::string_view text) const;

 private:
  static constexpr uint32_t kBlock = 256, kFree = ~0U;
  struct Node {
    uint32_t base = 0, parent = kFree;
    int32_t value = kNoValue;
  };

  uint32_t place(const std::vector<unsigned char>& labels);

  std::vector<Node> nodes_;
  uint32_t first_free_ = 1;
};

}  // namespace albert
