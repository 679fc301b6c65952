#include "albert/kernels/activation.h"

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Activation;
using kernels::Grad;
using kernels::Stream;

double exact(Activation activation, double x) {
  switch (activation) {
    case Activation::kIdentity: return x;
    case Activation::kGeluNew:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kRelu: return std::max(0.0, x);
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
  }
  return std::nan("");
}

class ActivationTest : public ::testing::TestWithParam<Activation> {};
INSTANTIATE_TEST_SUITE_P(All, ActivationTest,
                         ::testing::Values(Activation::kIdentity, Activation::kGeluNew,
                                           Activation::kGelu, Activation::kRelu, Activation::kSilu,
                                           Activation::kTanh));

TEST_P(ActivationTest, ForwardEqualsTheFormulaWithAndWithoutBias) {
  for (const DType dtype : float_types())
    for (const int64_t cols : {1, 2, 31, 33, 768, 3073})
      on_every_stream([&](const Stream& s) {
        const auto x = TestTensor::random(dtype, {5, cols}, 1, 3),
                   bias = TestTensor::random(dtype, {cols}, 2);
        for (const bool biased : {false, true}) {
          auto y = x.poisoned();
          kernels::bias_activation_forward(s, y, x, biased ? bias.tensor() : Tensor{}, GetParam());
          std::vector<double> expected;
          for (int64_t i = 0; i < x.size(); ++i)
            expected.push_back(exact(GetParam(), x.get(i) + (biased ? bias.get(i % cols) : 0)));
          const double tolerance = dtype == DType::kF64   ? 1e-15
                                   : dtype == DType::kF32 ? 5e-7
                                                          : unit_roundoff(dtype);
          ASSERT_TRUE(close(y.values(), expected, tolerance)) << dtype << " cols " << cols;
          y.check_sentinels();
        }
      });
}

TEST_P(ActivationTest, GradientEqualsCentralDifferences) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  for (const auto isa : available_isas()) {
    const TestDevice device(2, isa);
    auto x = TestTensor::random(DType::kF64, {7, 13}, 1),
         bias = TestTensor::random(DType::kF64, {13}, 2);
    for (int64_t i = 0; i < x.size(); ++i)  // keep relu's kink out of the differences' reach
      if (std::fabs(x.get(i) + bias.get(i % 13)) < 0.01) x.set(i, x.get(i) + 0.05);
    const auto upstream = TestTensor::random(DType::kF64, {7, 13}, 3);
    const auto loss = [&] {
      TestTensor y(DType::kF64, {7, 13});
      kernels::bias_activation_forward(device.stream(), y, x, bias, GetParam());
      return projection(y, upstream);
    };
    auto dx = x.poisoned(), dbias = TestTensor::random(DType::kF64, {13}, 4);
    const auto before = dbias.values();
    kernels::bias_activation_backward(device.stream(), dx, Grad::kAssign, dbias, upstream, x, bias,
                                      GetParam());
    EXPECT_TRUE(close(dx.values(), numeric_gradient(x, loss), 1e-7));
    auto added = numeric_gradient(bias, loss);
    for (size_t i = 0; i < added.size(); ++i) added[i] += before[i];
    EXPECT_TRUE(close(dbias.values(), added, 1e-7));
  }
}

struct Gradients {
  TestTensor dx, dbias;
};

Gradients gradients(const Stream& s, const TestTensor& dy, const TestTensor& x, const Tensor& bias,
                    Activation activation) {
  const DType dtype = x.tensor().dtype;
  const int64_t cols = x.tensor().shape[1];
  Gradients g{x.poisoned(), TestTensor(accumulator(dtype), {cols})};
  kernels::bias_activation_backward(s, g.dx, Grad::kAssign, g.dbias, dy, x, bias, activation);
  return g;
}

TEST_P(ActivationTest, BackwardInOtherTypesIsNearF64) {
  for (const DType dtype : float_types())
    for (const bool biased : {false, true}) {
      const auto x = TestTensor::random(dtype, {9, 65}, 1, 2),
                 dy = TestTensor::random(dtype, {9, 65}, 3),
                 bias = TestTensor::random(dtype, {65}, 4);
      const auto expected = [&] {
        const OnCpu cpu;
        const auto wide = bias.as_type(DType::kF64);
        return gradients(cpu.stream(), dy.as_type(DType::kF64), x.as_type(DType::kF64),
                         biased ? wide.tensor() : Tensor{}, GetParam());
      }();
      on_every_stream([&](const Stream& s) {
        const auto g = gradients(s, dy, x, biased ? bias.tensor() : Tensor{}, GetParam());
        EXPECT_TRUE(close(g.dx.values(), expected.dx.values(), near_f64(dtype))) << dtype;
        EXPECT_TRUE(close(g.dbias.values(), expected.dbias.values(), near_f64(dtype))) << dtype;
      });
    }
}

TEST_P(ActivationTest, GradModesAndThreads) {
  const auto x = TestTensor::random(DType::kF32, {40, 131}, 1),
             bias = TestTensor::random(DType::kF32, {131}, 2);
  const auto dy = TestTensor::random(DType::kF32, {40, 131}, 3);
  expect_grad_modes(DType::kF32, {40, 131}, [&](const TestTensor& dx, Grad mode) {
    TestTensor dbias(DType::kF32, {131});
    kernels::bias_activation_backward(TestDevice().stream(), dx, mode, dbias, dy, x, bias,
                                      GetParam());
  });
  expect_threads_agree([&](const Stream& s) {
    TestTensor y(DType::kF32, {40, 131}), dx(DType::kF32, {40, 131}), dbias(DType::kF32, {131});
    kernels::bias_activation_forward(s, y, x, bias, GetParam());
    kernels::bias_activation_backward(s, dx, Grad::kAssign, dbias, dy, x, bias, GetParam());
    return std::vector<TestTensor>{y, dx, dbias};
  });
}

TEST(Activation, RefusesWhatDoesNotFit) {
  const TestDevice device;
  const TestTensor x(DType::kF32, {2, 3}), y(DType::kF32, {3, 2}), bias(DType::kF32, {2});
  EXPECT_THROW(kernels::bias_activation_forward(device.stream(), y, x, {}, Activation::kRelu),
               Error);
  EXPECT_THROW(kernels::bias_activation_forward(device.stream(), x, x, bias, Activation::kRelu),
               Error);
  EXPECT_THROW(kernels::bias_activation_backward(device.stream(), x, Grad::kAssign, bias, x, x, {},
                                                 Activation::kRelu),
               Error);
}

}  // namespace
}  // namespace albert::testing
