#include "albert/kernels/cpu/helper_count.h"

#include <gtest/gtest.h>

namespace albert::kernels {
namespace {

// Jobs of 20 ms, of 64 items each; `speed` says how many threads' worth of work `threads` do.
template <class Speed>
void run_jobs(HelperCount& count, int jobs, const Speed& speed) {
  for (int i = 0; i < jobs; ++i) count.add(64, 0.0201 * speed(count.get() + 1), 0.0201);
}

double quiet(int threads) { return 0.9 * threads; }

TEST(HelperCount, AllHelpWhileTheyHaveCores) {
  HelperCount count(3);
  run_jobs(count, 100, [&](int threads) {
    EXPECT_EQ(threads, 4);
    return quiet(threads);
  });
}

TEST(HelperCount, JobsOfFewItemsOrShortOnesSayNothingAgainstHelpers) {
  HelperCount count(7);
  for (int i = 0; i < 100; ++i) count.add(2, 0.03, 0.02);  // of two items, eight threads run two
  EXPECT_EQ(count.get(), 7);
  count.add(64, 0.001, 0.015);
  EXPECT_EQ(count.get(), 7);
}

// Two cores and one of them shared: the helper is tried ever more rarely, and is back soon after.
TEST(HelperCount, AHelperThatCostsMoreThanItGivesRests) {
  HelperCount count(1);
  int helped = 0;
  const auto busy = [&](int threads) {
    helped += threads - 1;
    return 1.0;
  };
  run_jobs(count, 100, busy);
  EXPECT_LE(helped, 12);
  helped = 0;
  run_jobs(count, 170, busy);
  EXPECT_LE(helped, 10);
  EXPECT_GT(helped, 5);
  run_jobs(count, 17, quiet);
  EXPECT_EQ(count.get(), 1);
}

// Of 16 cores others use 4.
TEST(HelperCount, AsManyHelpAsThereAreFreeCores) {
  HelperCount count(15);
  int64_t threads_used = 0, jobs = 0;
  const auto busy = [&](int threads) { return threads <= 12 ? quiet(threads) : 0.3 * threads; };
  run_jobs(count, 50, busy);
  run_jobs(count, 500, [&](int threads) {
    threads_used += threads;
    ++jobs;
    return busy(threads);
  });
  EXPECT_NEAR(static_cast<double>(threads_used) / static_cast<double>(jobs), 12, 0.2);
  run_jobs(count, 40, quiet);
  EXPECT_EQ(count.get(), 15);
}

}  // namespace
}  // namespace albert::kernels
