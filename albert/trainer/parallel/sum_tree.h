#pragma once
#include <cstdint>
#include <vector>

namespace albert {

// The order in which the gradients of an update's micro-batches are added: a binary tree over all
// of them, so that sums have the same bits however many ranks the micro-batches lie on. Its leaves
// are micro-batches; a node that has no right child is its left one.
class SumTree {
 public:
  // The sum of the leaves from index << level on, 1 << level of them or as many as there are.
  struct Node {
    int level = 0;
    int64_t index = 0;
  };

  explicit SumTree(int64_t leaves) : leaves_(leaves) {}

  // Takes the next node from the left. Returns how often the last two sums that are held are added
  // up now and become one.
  int push(Node node);
  // The sums that are held, from the left: one alone where all leaves were pushed.
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  bool merges() const;

  int64_t leaves_;
  std::vector<Node> nodes_;
};

// Contiguous micro-batches of one rank.
struct Share {
  int64_t first = 0, count = 0;
};

// All are divided as evenly as they can be, in the order of ranks.
Share share_of(int64_t micro_batches, int rank, int ranks);

// The sums that a rank holds of its share.
std::vector<SumTree::Node> nodes_of(Share share, int64_t micro_batches);

}  // namespace albert
