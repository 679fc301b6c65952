// The emulator rounds to 16 bits as the instructions of GPUs do: to nearest even, NaN is 0x7fff.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "albert/kernels/cuda/simt/simt.h"

namespace albert::testing {
namespace {

namespace simt = kernels::simt;

// Every F, the f32 halfway to the next one, and the f32 on either side of that.
template <class F>
std::vector<float> values_around_every() {
  std::vector<float> values;
  for (uint32_t bits = 0; bits < 0xffff; ++bits) {
    F low, high;
    low.bits = static_cast<uint16_t>(bits);
    high.bits = static_cast<uint16_t>(bits + 1);
    const float a = simt::to_float(low), b = simt::to_float(high);
    if (!std::isfinite(a) || !std::isfinite(b)) continue;
    const float half = a / 2 + b / 2;
    for (const float v : {a, half, std::nextafter(half, a), std::nextafter(half, b)})
      values.push_back(v);
  }
  return values;
}

template <class F>
class Conversion : public ::testing::Test {};
using Halves = ::testing::Types<BFloat16, Float16>;
TYPED_TEST_SUITE(Conversion, Halves);

TYPED_TEST(Conversion, TakesTheNearerNeighbourAndOfTwoTheEvenOne) {
  for (const float v : values_around_every<TypeParam>()) {
    const TypeParam rounded = simt::round_to<TypeParam>(v);
    const double error = std::fabs(double(simt::to_float(rounded)) - double(v));
    for (const int step : {-1, 1}) {
      TypeParam other = rounded;
      other.bits = static_cast<uint16_t>(other.bits + step);
      if ((other.bits ^ rounded.bits) & 0x8000U || !std::isfinite(simt::to_float(other))) continue;
      const double others = std::fabs(double(simt::to_float(other)) - double(v));
      ASSERT_TRUE(error < others || (error == others && rounded.bits % 2 == 0)) << v;
    }
  }
}

TYPED_TEST(Conversion, OfAPairPutsTheFirstIntoTheLowerHalf) {
  const std::vector<float> values = values_around_every<TypeParam>();
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    const uint32_t pair = simt::round_pair_to<TypeParam>(values[i], values[i + 1]);
    ASSERT_EQ(pair & 0xffffU, simt::round_to<TypeParam>(values[i]).bits);
    ASSERT_EQ(pair >> 16, simt::round_to<TypeParam>(values[i + 1]).bits);
    float first = 0, second = 0;
    simt::pair_to_floats<TypeParam>(first, second, pair);
    ASSERT_EQ(first, simt::to_float(simt::round_to<TypeParam>(values[i])));
    ASSERT_EQ(second, simt::to_float(simt::round_to<TypeParam>(values[i + 1])));
  }
}

TYPED_TEST(Conversion, KnowsInfinityAndNaN) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(simt::to_float(simt::round_to<TypeParam>(infinity)), infinity);
  EXPECT_EQ(simt::to_float(simt::round_to<TypeParam>(-infinity)), -infinity);
  EXPECT_EQ(simt::to_float(simt::round_to<TypeParam>(std::numeric_limits<float>::max())), infinity);
  for (const float nan : {std::nanf(""), -std::nanf(""), std::nanf("5")}) {
    EXPECT_EQ(simt::round_to<TypeParam>(nan).bits, 0x7fff);
    EXPECT_EQ(simt::round_pair_to<TypeParam>(nan, 0), 0x7fffU);
  }
}

}  // namespace
}  // namespace albert::testing
