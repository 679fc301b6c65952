#include "albert/kernels/update_factors.h"

#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::LossScale;
using kernels::Stream;
using kernels::UpdateFactors;
using kernels::UpdateRule;
using kernels::UpdateState;

TEST(LossScale, HalvesWhenGradientsOverflow) {
  LossScale scale{65536, 100};
  EXPECT_TRUE(scale.adjust(false));
  EXPECT_EQ(scale.value, 32768);
  EXPECT_EQ(scale.good_updates, 0);
}

TEST(LossScale, DoublesAfterManyGoodUpdates) {
  LossScale scale{1024};
  for (int64_t i = 1; i < 2000; ++i) EXPECT_FALSE(scale.adjust(true));
  EXPECT_EQ(scale.value, 1024);
  EXPECT_FALSE(scale.adjust(true));
  EXPECT_EQ(scale.value, 2048);
  EXPECT_EQ(scale.good_updates, 0);
}

TEST(LossScale, IsNotToBlameOnceItIsOne) {
  LossScale scale{2};
  EXPECT_TRUE(scale.adjust(false));
  EXPECT_EQ(scale.value, 1);
  EXPECT_FALSE(scale.adjust(false));
  EXPECT_EQ(scale.value, 1);
}

TEST(Power, IsThatOfTheStandardLibrary) {
  for (const double beta : {0.9, 0.999, 0.5, 0.0})
    for (const int64_t n : {1, 2, 3, 7, 64, 1000, 12345, 1000000}) {
      const double exact = std::pow(beta, static_cast<double>(n)),
                   roundings = static_cast<double>(2 * n) * 1.2e-16;
      EXPECT_NEAR(kernels::power(beta, static_cast<double>(n)), exact, roundings * exact + 1e-300);
    }
  EXPECT_EQ(kernels::power(0.9, 0), 1);
}

// The kernel's state and what it gives, where kernels can read them.
struct Training {
  explicit Training(const UpdateState& start, DType scale = DType::kF32)
      : state(TestTensor::of<double>(
            {6}, {start.loss_scale.value, start.loss_scale.good_updates, start.updates,
                  start.gradient_norm, start.applied, start.overflowed})),
        loss_scale(TestTensor(scale, {1}).poisoned()) {}

  UpdateFactors next(const Stream& s, double squares, const UpdateRule& rule) {
    const auto sum = TestTensor::of<double>({1}, {squares});
    const auto rate = TestTensor::of<double>({1}, {kRate});
    auto factors = TestTensor(DType::kF64, {4}).poisoned();
    kernels::update_factors(s, factors, state, loss_scale, sum, rate, rule);
    for (const auto* t : {&factors, &state, &loss_scale}) t->check_sentinels();
    return {factors.get(0), factors.get(1), factors.get(2), factors.get(3)};
  }
  UpdateState now() const {
    return {{state.get(0), state.get(1)}, state.get(2), state.get(3), state.get(4), state.get(5)};
  }

  static constexpr double kRate = 0.37;
  TestTensor state, loss_scale;
};

TEST(UpdateFactorsTest, UnscaleClipAndCorrect) {
  on_every_stream([](const Stream& s) {
    Training training({.loss_scale = {8, 3}, .updates = 4}, DType::kF64);
    const auto by = training.next(
        s, 1600, {.beta1 = 0.5, .beta2 = 0.75, .max_gradient_norm = 2});  // norm 40 / 8
    EXPECT_DOUBLE_EQ(by.gradient, 2.0 / 5 / 8);
    EXPECT_NEAR(by.m, 1 / (1 - std::pow(0.5, 5)), 1e-15);
    EXPECT_NEAR(by.v, 1 / (1 - std::pow(0.75, 5)), 1e-15);
    EXPECT_EQ(by.learning_rate, Training::kRate);
    const UpdateState now = training.now();
    EXPECT_EQ(now.gradient_norm, 5);
    EXPECT_EQ(now.applied, 1);
    EXPECT_EQ(now.updates, 5);
    EXPECT_EQ(now.loss_scale.value, 8);  // not asked to adjust it
    EXPECT_EQ(now.loss_scale.good_updates, 3);
    EXPECT_EQ(training.loss_scale.get(0), 8);
  });
}

TEST(UpdateFactorsTest, SmallGradientsAreNotClippedAndGoogleCorrectsNothing) {
  on_every_stream([](const Stream& s) {
    for (const double most : {0.0, 6.0}) {
      Training training({.loss_scale = {8}});
      const auto by = training.next(s, 1600, {.bias_correction = false, .max_gradient_norm = most});
      EXPECT_EQ(by.gradient, 0.125);
      EXPECT_EQ(by.m, 1);
      EXPECT_EQ(by.v, 1);
    }
  });
}

TEST(UpdateFactorsTest, WhatIsNotFiniteIsSkippedAndHalvesTheScale) {
  on_every_stream([](const Stream& s) {
    for (const double bad : {std::nan(""), HUGE_VAL})
      for (const bool adjusts : {false, true}) {
        Training training({.loss_scale = {65536, 9}, .updates = 7});
        const auto by =
            training.next(s, bad, {.max_gradient_norm = 1, .adjusts_loss_scale = adjusts});
        EXPECT_TRUE(std::isnan(by.gradient));
        const UpdateState now = training.now();
        EXPECT_EQ(now.applied, 0);
        EXPECT_EQ(now.overflowed, adjusts ? 1 : 0);
        EXPECT_EQ(now.updates, 7);
        EXPECT_EQ(now.loss_scale.value, adjusts ? 32768 : 65536);
        EXPECT_EQ(now.loss_scale.good_updates, adjusts ? 0 : 9);
        EXPECT_EQ(training.loss_scale.get(0), now.loss_scale.value);
      }
  });
}

TEST(UpdateFactorsTest, TheScaleGrowsAndFallsFromCallToCall) {
  on_every_stream([](const Stream& s) {
    Training training({.loss_scale = {4, 1998}});
    const UpdateRule rule{.adjusts_loss_scale = true};
    EXPECT_EQ(training.next(s, 1, rule).gradient, 0.25);
    EXPECT_EQ(training.loss_scale.get(0), 4);
    EXPECT_EQ(training.next(s, 1, rule).gradient, 0.25);  // of losses times 4 still
    EXPECT_EQ(training.loss_scale.get(0), 8);
    EXPECT_EQ(training.next(s, 1, rule).gradient, 0.125);
    training.next(s, HUGE_VAL, rule);  // it was too much
    EXPECT_EQ(training.now().overflowed, 1);
    EXPECT_EQ(training.loss_scale.get(0), 4);
    training.next(s, 1, rule);
    EXPECT_EQ(training.now().overflowed, 0);
  });
}

TEST(UpdateFactorsTest, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const Stream s = device.stream();
  const TestTensor factors(DType::kF64, {4}), state(DType::kF64, {6}), scale(DType::kF32, {1}),
      one(DType::kF64, {1}), half(DType::kBF16, {1});
  EXPECT_NO_THROW(kernels::update_factors(s, factors, state, scale, one, one, {}));
  EXPECT_THROW(kernels::update_factors(s, state, state, scale, one, one, {}), Error);
  EXPECT_THROW(kernels::update_factors(s, factors, factors, scale, one, one, {}), Error);
  EXPECT_THROW(kernels::update_factors(s, factors, state, half, one, one, {}), Error);
  EXPECT_THROW(kernels::update_factors(s, factors, state, factors, one, one, {}), Error);
  EXPECT_THROW(kernels::update_factors(s, factors, state, scale, scale, one, {}), Error);
  EXPECT_THROW(kernels::update_factors(s, factors, state, scale, one, scale, {}), Error);
}

}  // namespace
}  // namespace albert::testing
