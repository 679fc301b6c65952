#include "albert/engine/parameter.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "albert/engine/transfer.h"

namespace albert {
namespace {

// The values of the second of two normal parameters, of `n` elements.
std::vector<float> drawn(int64_t n, uint64_t seed) {
  const auto backend = kernels::make_backend({.device = Device::kCpu, .threads = 1});
  ParameterStore store;
  store.add("first", {3}, Init::kNormal, true);
  const Parameter& p = store.add("second", {n}, Init::kNormal, true);
  store.materialize(*backend, Precision::kF32, false);
  store.initialize(seed, 0.02);
  const HostTensor values = download(*backend, p.value);
  return {values.data<float>(), values.data<float>() + n};
}

TEST(InitialValues, AreNormal) {
  const auto values = drawn(600'001, 1);
  double sum = 0, squares = 0, beyond = 0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
    beyond += std::abs(v) > 0.04;
  }
  const auto n = static_cast<double>(values.size());
  EXPECT_NEAR(sum / n, 0, 5 * 0.02 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), 0.02, 5 * 0.02 / std::sqrt(2 * n));
  EXPECT_NEAR(beyond / n, 0.0455, 5 * std::sqrt(0.0455 / n));  // outside of two deviations
}

// Each value follows from seed, parameter and position: none comes again further on, however many
// are drawn.
TEST(InitialValues, FollowFromTheirPosition) {
  const auto few = drawn(99'999, 1), many = drawn(600'001, 1), other = drawn(99'999, 2);
  for (size_t i = 0; i < few.size(); ++i) ASSERT_EQ(few[i], many[i]) << i;
  EXPECT_NE(few, other);
  auto sorted = many;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_LT(sorted.end() - std::unique(sorted.begin(), sorted.end()),
            60'000);  // floats alike by chance: 2 %
}

TEST(InitialValues, OnlyTheWantedAreDrawn) {
  const auto backend = kernels::make_backend({.device = Device::kCpu, .threads = 1});
  ParameterStore store;
  const Parameter& a = store.add("a", {5}, Init::kOnes, true);
  const Parameter& b = store.add("b", {5}, Init::kOnes, true);
  store.materialize(*backend, Precision::kBF16, false);
  store.initialize(1, 0.02, [](const Parameter& p) { return p.name == "b"; });
  const HostTensor none = download(*backend, a.value), ones = download(*backend, b.value);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(none.at<float>(i), 0);
    EXPECT_EQ(ones.at<float>(i), 1);
  }
}

}  // namespace
}  // namespace albert
