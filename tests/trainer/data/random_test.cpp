// Permutations that can be asked for any place.
#include "albert/trainer/data/random.h"

#include <gtest/gtest.h>

#include <set>

namespace albert::testing {
namespace {

TEST(Random, PermutationsArePermutations) {
  for (const uint64_t n : {1, 2, 7, 64, 1000, 4097}) {
    std::set<uint64_t> seen;
    const Permutation order(n, 42, 3);
    for (uint64_t i = 0; i < n; ++i) seen.insert(order(i));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
}

}  // namespace
}  // namespace albert::testing
