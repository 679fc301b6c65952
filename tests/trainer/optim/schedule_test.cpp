// Learning rates by Google's formula, with its power and a warm-up that begins late.
#include "albert/trainer/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace albert::testing {
namespace {

TEST(Schedule, DecaysByAPower) {
  const Schedule schedule{
      .shape = Schedule::Shape::kGooglePoly, .peak = 2, .total_steps = 10, .power = 3};
  for (const int64_t step : {0, 1, 7, 10})
    EXPECT_DOUBLE_EQ(schedule.at(step), 2 * std::pow(1 - static_cast<double>(step) / 10, 3));
}

TEST(Schedule, WarmsUpFromALaterStep) {
  Schedule schedule{.shape = Schedule::Shape::kGooglePoly,
                    .peak = 1,
                    .warmup_steps = 4,
                    .total_steps = 20,
                    .start_warmup_step = 6};
  EXPECT_EQ(schedule.at(0), 0);
  EXPECT_EQ(schedule.at(6), 0);
  EXPECT_DOUBLE_EQ(schedule.at(9), 0.75);
  EXPECT_DOUBLE_EQ(schedule.at(10), 0.5);
  schedule.shape = Schedule::Shape::kLinear;
  EXPECT_DOUBLE_EQ(schedule.at(9), 0.75);
  EXPECT_DOUBLE_EQ(schedule.at(10), 1);
  EXPECT_DOUBLE_EQ(schedule.at(15), 0.5);
  EXPECT_EQ(schedule.at(20), 0);
}

}  // namespace
}  // namespace albert::testing
