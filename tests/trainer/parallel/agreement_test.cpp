// What all ranks must have alike, and who differs.
#include "albert/trainer/parallel/agreement.h"

#include <gtest/gtest.h>

#include "albert/trainer/parallel/self_communicator.h"
#include "tests/support/thread_ranks.h"

namespace albert::testing {
namespace {

std::vector<ThreadRanks::Outcome> compare(const std::vector<NamedValues>& values) {
  return ThreadRanks(static_cast<int>(values.size())).run([&](Communicator& ranks) {
    abort_on_error(ranks,
                   [&] { check_same_values(ranks, values[static_cast<size_t>(ranks.rank())]); });
    ranks.barrier();
  });
}

void expect_refused(const std::vector<NamedValues>& values, const std::string& why) {
  for (const auto& outcome : compare(values)) {
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->code(), ErrorCode::kMismatch);
    EXPECT_NE(std::string(outcome->what()).find(why), std::string::npos) << outcome->what();
  }
}

TEST(Agreement, HoldsWhereAllIsAlike) {
  for (const auto& outcome : compare({{{"a", "1"}, {"b", ""}}, {{"a", "1"}, {"b", ""}}}))
    EXPECT_FALSE(outcome) << outcome->what();
  SelfCommunicator self;
  check_same_values(self, {{"a", "1"}});
}

TEST(Agreement, NamesTheFirstThatDiffers) {
  expect_refused({{{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "3"}}},
                 "rank 1: found b 3, wanted that of rank 0, 2; ");
  expect_refused({{{"a", "1"}}, {{"a", "1"}}, {}}, "rank 2: found a not there, wanted");
  expect_refused({{{"a", "1"}}, {{"a", "1"}, {"c", "4"}}},
                 "rank 1: found c 4, wanted that of rank 0, not there");
}

std::vector<std::vector<int>> differing(const std::vector<std::string>& checksums) {
  std::vector<std::vector<int>> answers(checksums.size());
  ThreadRanks(static_cast<int>(checksums.size())).run([&](Communicator& ranks) {
    const auto rank = static_cast<size_t>(ranks.rank());
    answers[rank] = ranks_that_differ(ranks, checksums[rank]);
  });
  return answers;
}

void expect_differing(const std::vector<std::string>& checksums, const std::vector<int>& wanted) {
  for (const auto& answer : differing(checksums)) EXPECT_EQ(answer, wanted);
}

TEST(Agreement, FindsTheRanksThatDifferFromMost) {
  expect_differing({"ab", "ab", "ab"}, {});
  expect_differing({"ab", "xx", "ab"}, {1});
  expect_differing({"xx", "ab", "ab", "yy", "ab"}, {0, 3});
  expect_differing({"ab", "xx"}, {0, 1});
  expect_differing({"ab", "ab", "xx", "xx"}, {0, 1, 2, 3});
  EXPECT_EQ(differing({"ab"}), std::vector<std::vector<int>>{{}});
}

}  // namespace
}  // namespace albert::testing
