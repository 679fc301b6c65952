#include "trainer/loss_scale.h"

#include <gtest/gtest.h>

namespace albert::testing {
namespace {

TEST(LossScale, HalvesWhenGradientsOverflow) {
  LossScale scale{65536, 100};
  EXPECT_TRUE(scale.adjust(false));
  EXPECT_EQ(scale.value, 32768);
  EXPECT_EQ(scale.good_steps, 0);
}

TEST(LossScale, DoublesAfterManyGoodUpdates) {
  LossScale scale{1024};
  for (int64_t i = 1; i < LossScale::kPatience; ++i) EXPECT_FALSE(scale.adjust(true));
  EXPECT_EQ(scale.value, 1024);
  EXPECT_FALSE(scale.adjust(true));
  EXPECT_EQ(scale.value, 2048);
  EXPECT_EQ(scale.good_steps, 0);
}

TEST(LossScale, IsNotToBlameOnceItIsOne) {
  LossScale scale{2};
  EXPECT_TRUE(scale.adjust(false));
  EXPECT_EQ(scale.value, 1);
  EXPECT_FALSE(scale.adjust(false));
  EXPECT_EQ(scale.value, 1);
}

}  // namespace
}  // namespace albert::testing
