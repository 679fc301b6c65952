// The order of sums, written as text: the same for any number of ranks.
#include "albert/trainer/parallel/sum_tree.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace albert::testing {
namespace {

using Texts = std::vector<std::string>;

// What is held after these nodes, whose sums are given.
Texts sums_of(const std::vector<SumTree::Node>& nodes, const Texts& given, int64_t leaves) {
  SumTree tree(leaves);
  Texts held;
  for (size_t i = 0; i < nodes.size(); ++i) {
    held.push_back(given[i]);
    for (int merges = tree.push(nodes[i]); merges > 0; --merges) {
      const std::string right = held.back();
      held.pop_back();
      held.back() = "(" + held.back() + "+" + right + ")";
    }
  }
  EXPECT_EQ(held.size(), tree.nodes().size());
  return held;
}

Texts sums_of_share(Share share, int64_t leaves) {
  std::vector<SumTree::Node> nodes;
  Texts names;
  for (int64_t i = share.first; i < share.first + share.count; ++i) {
    nodes.push_back({0, i});
    names.push_back(std::to_string(i));
  }
  return sums_of(nodes, names, leaves);
}

std::string sum_over(int ranks, int64_t leaves) {
  std::vector<SumTree::Node> nodes;
  Texts sums;
  for (int r = 0; r < ranks; ++r) {
    const Share share = share_of(leaves, r, ranks);
    for (const auto& node : nodes_of(share, leaves)) nodes.push_back(node);
    for (const auto& sum : sums_of_share(share, leaves)) sums.push_back(sum);
  }
  EXPECT_EQ(nodes.size(), sums.size());
  const Texts all = sums_of(nodes, sums, leaves);
  EXPECT_EQ(all.size(), 1U) << leaves << " on " << ranks;
  return all.front();
}

TEST(SumTree, IsBinary) {
  EXPECT_EQ(sum_over(1, 1), "0");
  EXPECT_EQ(sum_over(1, 4), "((0+1)+(2+3))");
  EXPECT_EQ(sum_over(1, 5), "(((0+1)+(2+3))+4)");
  EXPECT_EQ(sum_over(1, 7), "(((0+1)+(2+3))+((4+5)+6))");
}

TEST(SumTree, IsTheSameForAnyNumberOfRanks) {
  for (int64_t leaves = 1; leaves <= 40; ++leaves)
    for (int ranks = 2; ranks <= leaves; ++ranks)
      EXPECT_EQ(sum_over(ranks, leaves), sum_over(1, leaves)) << leaves << " on " << ranks;
}

TEST(SumTree, SharesAreContiguousAndEven) {
  for (int64_t leaves = 1; leaves <= 20; ++leaves)
    for (int ranks = 1; ranks <= leaves; ++ranks) {
      int64_t next = 0;
      for (int r = 0; r < ranks; ++r) {
        const Share share = share_of(leaves, r, ranks);
        EXPECT_EQ(share.first, next);
        EXPECT_GE(share.count, leaves / ranks);
        EXPECT_LE(share.count, (leaves + ranks - 1) / ranks);
        next += share.count;
      }
      EXPECT_EQ(next, leaves);
    }
}

}  // namespace
}  // namespace albert::testing
