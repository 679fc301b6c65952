// The approximations over their whole range, as this file's own baseline build of them computes.
#define ALBERT_CPU_ISA generic
#include "albert/kernels/cpu/vector_math.h"

#include <gtest/gtest.h>

#include <limits>

#include "albert/kernels/activation.h"
#include "tests/support/kernel_cases.h"

namespace albert::kernels::cpu::generic {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Calls f with every 1021st float, negative and positive, denormals included, that lies in [-limit,
// limit].
template <class F>
void sweep(float limit, const F& f) {
  for (uint32_t bits = 0; bits < 0x7f800000U; bits += 1021)
    for (const uint32_t sign : {0U, 0x80000000U}) {
      const float x = float_of_bits(static_cast<int32_t>(bits | sign));
      if (std::fabs(x) <= limit) f(x);
    }
}

// Worst |approx - exact| relative to |exact| or, where that is smaller than `floor`, to floor.
template <class Approx, class Exact>
double worst(float limit, double floor, const Approx& approx, const Exact& exact) {
  double worst = 0;
  sweep(limit, [&](float x) {
    const double want = exact(static_cast<double>(x)), got = static_cast<double>(approx(x));
    const double error = std::fabs(got - want) / std::max(std::fabs(want), floor);
    if (!(error <= worst)) worst = error;
  });
  return worst;
}

TEST(VectorMath, ExpKeepsItsRelativeErrorWhereResultsAreNormal) {
  EXPECT_LE(worst(
                88.7F, 1.2e-38, [](float x) { return exp_approx(x); },
                [](double x) { return std::exp(x); }),
            2e-7);
}
TEST(VectorMath, ExpUnderflowsOverflowsAndPassesNan) {
  EXPECT_EQ(exp_approx(0.0F), 1.0F);
  EXPECT_EQ(exp_approx(-kInfinity), 0.0F);
  EXPECT_EQ(exp_approx(-1000.0F), 0.0F);
  EXPECT_EQ(exp_approx(kInfinity), kInfinity);
  EXPECT_EQ(exp_approx(89.0F), kInfinity);
  EXPECT_TRUE(std::isnan(exp_approx(std::nanf(""))));
}
TEST(VectorMath, TanhAndErfKeepTheirErrors) {
  const auto tanh_error = [](double floor) {
    return worst(
        3e38F, floor, [](float x) { return tanh_approx(x); },
        [](double x) { return std::tanh(x); });
  };
  const auto erf_error = [](double floor) {
    return worst(
        3e38F, floor, [](float x) { return erf_approx(x); }, [](double x) { return std::erf(x); });
  };
  EXPECT_LE(tanh_error(1e-30), 4e-7);
  EXPECT_LE(tanh_error(1), 2e-7);
  EXPECT_LE(erf_error(1e-30), 4e-7);
  EXPECT_LE(erf_error(1), 2e-7);
  for (const float x : {kInfinity, -kInfinity}) {
    EXPECT_EQ(tanh_approx(x), std::copysign(1.0F, x));
    EXPECT_EQ(erf_approx(x), std::copysign(1.0F, x));
  }
  EXPECT_TRUE(std::isnan(tanh_approx(std::nanf(""))));
  EXPECT_TRUE(std::isnan(erf_approx(std::nanf(""))));
}
TEST(VectorMath, SigmoidKeepsItsRelativeError) {
  EXPECT_LE(worst(
                87.0F, 1e-37, [](float x) { return sigmoid(x); },
                [](double x) { return 1 / (1 + std::exp(-x)); }),
            4e-7);
}

}  // namespace
}  // namespace albert::kernels::cpu::generic
