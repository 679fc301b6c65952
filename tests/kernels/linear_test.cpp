// Linear layers with their activation, forward and back. On the emulated GPU they are cuBLASLt's
// epilogues where those fit, and matmuls followed by kernels where not.
#include "albert/kernels/matmul.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Activation;

double value(Activation activation, double x) {
  switch (activation) {
    case Activation::kIdentity: return x;
    case Activation::kGeluNew:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kRelu: return x < 0 ? 0 : x;
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
  }
  return std::nan("");
}
double slope(Activation a, double x) { return (value(a, x + 1e-5) - value(a, x - 1e-5)) / 2e-5; }

const std::vector<Activation> kActivations = {Activation::kIdentity, Activation::kGeluNew,
                                              Activation::kGelu,     Activation::kRelu,
                                              Activation::kSilu,     Activation::kTanh};

struct Size {
  int64_t rows, in, out;
};

class LinearTest : public ::testing::TestWithParam<std::tuple<DType, Size>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  int64_t rows() const { return std::get<1>(GetParam()).rows; }
  int64_t in() const { return std::get<1>(GetParam()).in; }
  int64_t out() const { return std::get<1>(GetParam()).out; }
  double tolerance() const {  // f64: of the numeric slope; bf16, f16: a rounding of what is kept,
                              // one of the result
    return dtype() == DType::kF64   ? 1e-9
           : dtype() == DType::kF32 ? 2e-6
           : dtype() == DType::kF16 ? 1.0 / 500
                                    : 1.0 / 64;
  }
  TestTensor random(Shape shape, uint32_t seed, double scale = 1) const {
    return TestTensor::random(dtype(), shape, seed, scale);
  }
};

TEST_P(LinearTest, ForwardKeepsWhatTheActivationWasAppliedTo) {
  TestDevice device(2);
  const auto x = random({rows(), in()}, 1),
             weight = random({out(), in()}, 2, 1 / std::sqrt(double(in())));
  const auto bias = random({out()}, 3);
  for (const auto activation : kActivations)
    for (const bool with_bias : {false, true}) {
      const Tensor b = with_bias ? bias.tensor() : Tensor();
      auto y = TestTensor(dtype(), {rows(), out()}).poisoned(), kept = y, alone = y;
      std::vector<double> expected_y, expected_kept;
      for (int64_t r = 0; r < rows(); ++r)
        for (int64_t c = 0; c < out(); ++c) {
          double sum = with_bias ? bias.get(c) : 0;
          for (int64_t i = 0; i < in(); ++i) sum += x.get(r * in() + i) * weight.get(c * in() + i);
          expected_kept.push_back(sum);
          expected_y.push_back(value(activation, sum));
        }
      kernels::linear_activation_forward(device.stream(), y, kept, x, weight, {}, b, activation);
      kernels::linear_forward(device.stream(), alone, x, weight, {}, b, activation);
      EXPECT_TRUE(close(y.values(), expected_y, tolerance(), 1e-2)) << static_cast<int>(activation);
      EXPECT_TRUE(close(alone.values(), expected_y, tolerance(), 1e-2))
          << static_cast<int>(activation);
      EXPECT_TRUE(close(kept.values(), expected_kept, tolerance(), 1e-2))
          << static_cast<int>(activation);
      y.check_sentinels();
      kept.check_sentinels();
    }
}

TEST_P(LinearTest, BackwardGoesThroughTheActivationAndAddsTheBiasGradient) {
  TestDevice device(2);
  const auto dy = random({rows(), out()}, 1),
             weight = random({out(), in()}, 2, 1 / std::sqrt(double(out())));
  const auto kept = random({rows(), in()}, 3);
  const auto before = TestTensor::random(accumulator(dtype()), {in()}, 4);
  for (const auto activation : kActivations)
    for (const bool with_bias : {false, true}) {
      auto dx = TestTensor(dtype(), {rows(), in()}).poisoned(),
           scratch = TestTensor(dtype(), {in()}).poisoned();
      auto dbias = before;
      std::vector<double> expected, total = before.values();
      for (int64_t r = 0; r < rows(); ++r)
        for (int64_t c = 0; c < in(); ++c) {
          double sum = 0;
          for (int64_t o = 0; o < out(); ++o)
            sum += dy.get(r * out() + o) * weight.get(o * in() + c);
          expected.push_back(sum * slope(activation, kept.get(r * in() + c)));
          total[static_cast<size_t>(c)] += expected.back();
        }
      kernels::linear_activation_backward(
          device.stream(), dx, with_bias ? dbias.tensor() : Tensor(),
          with_bias ? scratch.tensor() : Tensor(), dy, weight, kept, activation);
      EXPECT_TRUE(close(dx.values(), expected, tolerance(), 1e-2)) << static_cast<int>(activation);
      EXPECT_TRUE(close(dbias.values(), with_bias ? total : before.values(), tolerance(), 1e-2))
          << static_cast<int>(activation);
      dx.check_sentinels();
      dbias.check_sentinels();
      scratch.check_sentinels();
    }
}

// Of 20 columns cuBLASLt keeps nothing, of 24 it does.
INSTANTIATE_TEST_SUITE_P(Shapes, LinearTest,
                         ::testing::Combine(::testing::ValuesIn(float_types()),
                                            ::testing::Values(Size{1, 1, 1}, Size{3, 20, 20},
                                                              Size{1, 24, 24}, Size{7, 64, 24},
                                                              Size{33, 24, 100})));

// A bias gradient is a sum over all rows: in f16, times a loss scale, it would be infinite where
// none of its terms is, and the loss scale would fall on its account.
TEST(Linear, ABiasGradientMayExceedF16) {
  if (tested_device() != Device::kCuda) GTEST_SKIP() << "the CPU has no f16";
  constexpr int64_t kRows = 4096, kCols = 8;
  const TestDevice device;
  TestTensor dy(DType::kF16, {kRows, 1}), weight(DType::kF16, {1, kCols}),
      kept(DType::kF16, {kRows, kCols}), dx(DType::kF16, {kRows, kCols}),
      scratch(DType::kF16, {kCols}), dbias(DType::kF32, {kCols});
  for (int64_t i = 0; i < kRows; ++i) dy.set(i, 32);
  for (int64_t i = 0; i < kCols; ++i) weight.set(i, 1);
  for (int64_t i = 0; i < kept.size(); ++i) kept.set(i, 20);  // where GELU's slope is 1
  kernels::linear_activation_backward(device.stream(), dx, dbias, scratch, dy, weight, kept,
                                      Activation::kGeluNew);
  EXPECT_EQ(dbias.values(), std::vector<double>(kCols, 32.0 * kRows));
}

TEST(Linear, RefusesOperandsThatDoNotFit) {
  TestDevice device;
  TestTensor y(DType::kF32, {2, 3}), x(DType::kF32, {2, 4}), w(DType::kF32, {3, 4}),
      bias(DType::kF32, {3});
  TestTensor narrow(DType::kF32, {2, 2}), dbias(DType::kF32, {4});
  EXPECT_THROW(kernels::linear_activation_forward(device.stream(), y, narrow, x, w, {}, bias, {}),
               Error);
  EXPECT_THROW(kernels::linear_activation_forward(device.stream(), y, y, x, w, {}, dbias, {}),
               Error);
  EXPECT_THROW(kernels::linear_activation_backward(device.stream(), x, {}, {}, y, w, narrow, {}),
               Error);
  EXPECT_THROW(kernels::linear_activation_backward(device.stream(), x, bias, bias, y, w, x, {}),
               Error);
  EXPECT_THROW(kernels::linear_activation_backward(device.stream(), x, dbias, {}, y, w, x, {}),
               Error);
}

}  // namespace
}  // namespace albert::testing
