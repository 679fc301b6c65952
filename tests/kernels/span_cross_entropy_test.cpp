#include "albert/kernels/cross_entropy.h"
#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Grad;
using kernels::Stream;

// Five sequences, one of them empty; both columns of some answers ignored, or one of them.
struct Case {
  explicit Case(DType dtype, int64_t cols = 2)
      : logits(TestTensor::random(dtype, {kRows, cols}, 1, 2.0)),
        cu(TestTensor::of<int32_t>({6}, {0, 7, 8, 8, 50, kRows})),
        positions(DType::kI32, {5, cols}),
        scale(DType::kF64, {cols}),
        dloss(accumulator(dtype), {1}) {
    for (int64_t c = 0; c < cols; ++c) {
      const std::vector<int> column =
          c % 2 ? std::vector<int>{0, -1, -1, 41, 2} : std::vector<int>{6, 0, -1, -5, 0};
      for (int64_t b = 0; b < 5; ++b) positions.set(b * cols + c, column[static_cast<size_t>(b)]);
      scale.set(c, 0.25 + 0.5 * static_cast<double>(c));
    }
    dloss.set(0, 1.25);
  }
  std::vector<TestTensor> forward(const Stream& s) const {
    const DType sums = accumulator(logits.tensor().dtype);
    std::vector<TestTensor> out{TestTensor(sums, {1}).poisoned(),
                                TestTensor(sums, positions.tensor().shape).poisoned()};
    kernels::span_cross_entropy_forward(s, out[0], out[1], logits, cu, positions, scale);
    for (const auto& t : out) t.check_sentinels();
    return out;
  }
  void backward(const Stream& s, const TestTensor& dlogits, Grad mode) const {
    const auto f = forward(s);
    kernels::span_cross_entropy_backward(s, dlogits, mode, dloss, logits, f[1], cu, positions,
                                         scale);
    dlogits.check_sentinels();
  }
  TestTensor gradient(const Stream& s) const {
    auto dlogits = logits.poisoned();
    backward(s, dlogits, Grad::kAssign);
    return dlogits;
  }

  static constexpr int32_t kRows = 61;
  TestTensor logits, cu, positions, scale, dloss;
};

struct Oracle {
  explicit Oracle(const Case& c) : gradient(static_cast<size_t>(c.logits.size())) {
    const int64_t cols = c.scale.size();
    for (int64_t b = 0; b < 5; ++b)
      for (int64_t k = 0; k < cols; ++k) {
        const auto begin = static_cast<int64_t>(c.cu.get(b)),
                   end = static_cast<int64_t>(c.cu.get(b + 1));
        const auto position = static_cast<int64_t>(c.positions.get(b * cols + k));
        if (position < 0) continue;
        double sum = 0;
        for (int64_t r = begin; r < end; ++r) sum += std::exp(c.logits.get(r * cols + k));
        loss += c.scale.get(k) * (std::log(sum) - c.logits.get((begin + position) * cols + k));
        for (int64_t r = begin; r < end; ++r)
          gradient[static_cast<size_t>(r * cols + k)] =
              c.dloss.get(0) * c.scale.get(k) *
              (std::exp(c.logits.get(r * cols + k)) / sum - (r == begin + position));
      }
  }
  double loss = 0;
  std::vector<double> gradient;
};

class SpanCrossEntropyTest : public ::testing::TestWithParam<DType> {};

TEST_P(SpanCrossEntropyTest, EqualsTheFormula) {
  for (const int64_t cols : {1, 2, 3}) {
    const Case c(GetParam(), cols);
    const Oracle expected(c);
    const bool f64 = GetParam() == DType::kF64;
    const double tolerance = f64 ? 2e-15
                             : GetParam() == DType::kF32
                                 ? 1e-6
                                 : 2 * rounding_error(expected.gradient, GetParam()) + 1e-6;
    on_every_stream([&](const Stream& s) {
      EXPECT_TRUE(close(std::vector{c.forward(s)[0].get(0)}, std::vector{expected.loss},
                        f64 ? 2e-15 : 1e-6));
      EXPECT_TRUE(close(c.gradient(s).values(), expected.gradient, tolerance));
    });
  }
}

TEST_P(SpanCrossEntropyTest, GradModesAndThreads) {
  const Case c(GetParam());
  const TestDevice device(2);
  expect_grad_modes(GetParam(), c.logits.tensor().shape,
                    [&](const TestTensor& d, Grad mode) { c.backward(device.stream(), d, mode); });
  expect_threads_agree([&](const Stream& s) {
    auto written = c.forward(s);
    written.push_back(c.gradient(s));
    return written;
  });
}

INSTANTIATE_TEST_SUITE_P(Types, SpanCrossEntropyTest, ::testing::ValuesIn(float_types()));

TEST(SpanCrossEntropy, GradientIsThatOfTheForward) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  const TestDevice device(2);
  Case c(DType::kF64);
  const auto analytic = c.gradient(device.stream());
  const auto numeric = numeric_gradient(
      c.logits, [&] { return c.dloss.get(0) * c.forward(device.stream())[0].get(0); });
  EXPECT_TRUE(close(analytic.values(), numeric, 1e-7));
}

TEST(SpanCrossEntropy, ExtremeLogitsStayFinite) {
  for (const DType dtype : float_types())
    on_every_stream([&](const Stream& s) {
      Case c(dtype);
      for (int64_t i = 0; i < c.logits.size(); ++i) c.logits.set(i, i % 3 ? 1e4 : -1e4);
      EXPECT_TRUE(std::isfinite(c.forward(s)[0].get(0)));
      for (const double d : c.gradient(s).values()) ASSERT_TRUE(std::isfinite(d));
    });
}

TEST(SpanCrossEntropy, OnlyIgnoredPositionsGiveNaNAndNoGradient) {
  const TestDevice device;
  Case c(DType::kF32);
  for (int64_t i = 0; i < 10; ++i) c.positions.set(i, -1);
  EXPECT_EQ(c.forward(device.stream())[0].get(0), 0);
  for (int64_t i = 0; i < 2; ++i) c.scale.set(i, HUGE_VAL);
  EXPECT_TRUE(std::isnan(c.forward(device.stream())[0].get(0)));
  EXPECT_EQ(c.gradient(device.stream()).values(),
            std::vector<double>(static_cast<size_t>(c.logits.size())));
}

TEST(SpanCrossEntropy, APositionBeyondItsSequenceShowsAndTouchesNothingElse) {
  const TestDevice device;
  Case c(DType::kF32);
  const auto right = c.gradient(device.stream());
  c.positions.set(0, 7);
  EXPECT_TRUE(std::isnan(c.forward(device.stream())[0].get(0)));
  const auto wrong = c.gradient(device.stream());
  for (int64_t i = 0; i < c.logits.size(); ++i) {
    if (i < 14 && i % 2 == 0) {
      EXPECT_TRUE(std::isnan(wrong.get(i)));
    } else {
      EXPECT_EQ(wrong.get(i), right.get(i));
    }
  }
  c = Case(DType::kF32);
  c.positions.set(4, 0);  // inside an empty sequence
  EXPECT_TRUE(std::isnan(c.forward(device.stream())[0].get(0)));
}

TEST(SpanCrossEntropy, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  for (int wrong = 0; wrong < 5; ++wrong) {
    Case c(DType::kF32);
    if (wrong == 0) c.cu = TestTensor(DType::kI32, {5});
    if (wrong == 1) c.cu = TestTensor(DType::kI64, {6});
    if (wrong == 2) c.positions = TestTensor(DType::kI32, {5, 3});
    if (wrong == 3) c.scale = TestTensor(DType::kF32, {2});
    if (wrong == 4) c.logits = TestTensor(DType::kF32, {Case::kRows, 3});
    EXPECT_THROW(c.forward(device.stream()), Error) << wrong;
    EXPECT_THROW(c.backward(device.stream(), Case(DType::kF32).logits, Grad::kAdd), Error) << wrong;
  }
  Case c(DType::kF32);
  EXPECT_THROW(c.backward(device.stream(), TestTensor(DType::kF32, {3, 2}), Grad::kAdd), Error);
  c.dloss = TestTensor(DType::kF64, {1});
  EXPECT_THROW(c.backward(device.stream(), c.logits, Grad::kAdd), Error);
}

}  // namespace
}  // namespace albert::testing
