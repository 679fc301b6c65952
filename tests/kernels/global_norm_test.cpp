#include "albert/kernels/global_norm.h"

#include <limits>

#include "albert/kernels/blocks.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::kNormBlock;
using kernels::Stream;

double sum_of_squares(const Stream& s, const TestTensor& x) {
  const int64_t blocks = kernels::blocks_of(x.size(), kNormBlock);
  auto total = TestTensor(DType::kF64, {1}).poisoned(),
       partials = TestTensor(DType::kF64, {blocks}).poisoned();
  kernels::sum_of_squares(s, total, partials, x);
  total.check_sentinels();
  partials.check_sentinels();
  return total.get(0);
}

TEST(GlobalNorm, EqualsTheSumInLongDouble) {
  for (const DType dtype : {DType::kF32, DType::kF64})
    for (const int64_t n : {int64_t{1}, int64_t{31}, kNormBlock - 1, kNormBlock, kNormBlock + 1,
                            5 * kNormBlock + 77}) {
      const auto x = TestTensor::random(dtype, {n}, static_cast<uint32_t>(n), 1e-3);
      long double expected = 0;
      for (int64_t i = 0; i < n; ++i) expected += static_cast<long double>(x.get(i)) * x.get(i);
      on_every_stream([&](const Stream& s) {
        EXPECT_TRUE(close(std::vector{sum_of_squares(s, x)},
                          std::vector{static_cast<double>(expected)}, 1e-13))
            << n;
      });
    }
}

TEST(GlobalNorm, NothingIsZero) {
  EXPECT_EQ(sum_of_squares(TestDevice(2).stream(), TestTensor(DType::kF32, {0})), 0);
}

TEST(GlobalNorm, LargestFloatsStayFinite) {
  auto x = TestTensor::random(DType::kF32, {100}, 1);
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, std::numeric_limits<float>::max());
  EXPECT_TRUE(std::isfinite(sum_of_squares(TestDevice().stream(), x)));
}

TEST(GlobalNorm, OneBadElementAnywhereShows) {
  for (const DType dtype : {DType::kF32, DType::kF64})
    on_every_stream([&](const Stream& s) {
      auto x = TestTensor::random(dtype, {kNormBlock + 37}, 1);
      for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL})
        for (const int64_t at :
             {int64_t{0}, int64_t{17}, kNormBlock - 1, kNormBlock, kNormBlock + 36}) {
          const double before = x.get(at);
          x.set(at, bad);
          EXPECT_FALSE(std::isfinite(sum_of_squares(s, x))) << bad << " at " << at;
          x.set(at, before);
        }
      EXPECT_TRUE(std::isfinite(sum_of_squares(s, x)));
    });
}

TEST(GlobalNorm, ThreadsDoNotChangeABit) {
  const auto x = TestTensor::random(DType::kF32, {7 * kNormBlock + 5}, 1);
  expect_threads_agree([&](const Stream& s) {
    TestTensor total(DType::kF64, {1});
    total.set(0, sum_of_squares(s, x));
    return std::vector<TestTensor>{total};
  });
}

TEST(GlobalNorm, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const TestTensor total(DType::kF64, {1}), one(DType::kF64, {1}), two(DType::kF64, {2}),
      x(DType::kF32, {5});
  EXPECT_THROW(kernels::sum_of_squares(device.stream(), total, two, x), Error);
  EXPECT_THROW(kernels::sum_of_squares(device.stream(), two, one, x), Error);
  EXPECT_THROW(kernels::sum_of_squares(device.stream(), total, one, TestTensor(DType::kBF16, {5})),
               Error);
  EXPECT_THROW(kernels::sum_of_squares(device.stream(), TestTensor(DType::kF32, {1}), one, x),
               Error);
}

}  // namespace
}  // namespace albert::testing
