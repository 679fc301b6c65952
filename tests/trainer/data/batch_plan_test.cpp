// Which examples an update takes: batches that grow, phases with streams of their own.
#include "albert/trainer/data/batch_plan.h"

#include <gtest/gtest.h>

#include "albert/base/error.h"

namespace albert::testing {
namespace {

TEST(BatchPlan, WithoutAWarmupTakesTheExamplesInOrder) {
  const BatchPlan plan({.batch_size = 12}, 4);
  const BatchPlan::Part part = plan.part(5, 2, 4);
  EXPECT_EQ(part.phase, 0);
  EXPECT_EQ(part.first, 5 * 12 + 2 * 3);
  EXPECT_EQ(part.count, 3);
}

TEST(BatchPlan, GrowsByMultiplesAndTakesEveryExampleOfAPhaseOnce) {
  const BatchPlan plan(
      {.batch_size = 24, .initial_batch_size = 6, .warmup_steps = 10, .phase_starts = {4, 15}}, 3);
  EXPECT_EQ(plan.batch_size(0), 6);
  EXPECT_EQ(plan.batch_size(4), 12);
  EXPECT_EQ(plan.batch_size(9), 18);
  EXPECT_EQ(plan.batch_size(10), 24);
  std::vector<int64_t> next(3, 0);
  for (int64_t step = 0; step < 30; ++step)
    for (int64_t index = 0; index < 3; ++index) {
      const BatchPlan::Part part = plan.part(step, index, 3);
      EXPECT_EQ(part.phase, step < 4 ? 0 : step < 15 ? 1 : 2);
      EXPECT_EQ(part.count, plan.batch_size(step) / 3);
      int64_t& expected = next[static_cast<size_t>(part.phase)];
      EXPECT_EQ(part.first, expected) << step << " " << index;
      expected += part.count;
    }
  EXPECT_EQ(next[2], 15 * 24);
}

TEST(BatchPlan, RefusesSizesThatDoNotDivide) {
  EXPECT_THROW(BatchPlan({.batch_size = 24, .initial_batch_size = 5, .warmup_steps = 2}, 1), Error);
  EXPECT_THROW(BatchPlan({.batch_size = 24, .initial_batch_size = 6, .warmup_steps = 2}, 4), Error);
  EXPECT_NO_THROW(BatchPlan({.batch_size = 24, .initial_batch_size = 5}, 1)) << "nothing grows";
}

}  // namespace
}  // namespace albert::testing
