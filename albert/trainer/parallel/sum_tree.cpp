#include "albert/trainer/parallel/sum_tree.h"

namespace albert {

int SumTree::push(Node node) {
  nodes_.push_back(node);
  for (int sums = 0;; ++sums) {
    Node& last = nodes_.back();
    // Without a right sibling it stands for its parent.
    while (last.index > 0 && last.index % 2 == 0 && ((last.index + 1) << last.level) >= leaves_)
      last = {last.level + 1, last.index / 2};
    if (!merges()) return sums;
    nodes_.pop_back();
    nodes_.back() = {nodes_.back().level + 1, nodes_.back().index / 2};
  }
}

bool SumTree::merges() const {
  if (nodes_.size() < 2) return false;
  const Node left = nodes_[nodes_.size() - 2], right = nodes_.back();
  return right.index % 2 == 1 && left.level == right.level && left.index + 1 == right.index;
}

Share share_of(int64_t micro_batches, int rank, int ranks) {
  const int64_t first = micro_batches * rank / ranks;
  return {first, micro_batches * (rank + 1) / ranks - first};
}

std::vector<SumTree::Node> nodes_of(Share share, int64_t micro_batches) {
  SumTree tree(micro_batches);
  for (int64_t i = 0; i < share.count; ++i) tree.push({0, share.first + i});
  return tree.nodes();
}

}  // namespace albert
