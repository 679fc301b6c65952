// int8 linear layers on the CPU: the same bits on every instruction set, near the f64 product.
#include "albert/kernels/linear_int8.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Activation;
using kernels::Stream;

struct Size {
  int64_t rows, in, out;
};
const std::vector<Size> kSizes = {{1, 1, 1},     {2, 3, 5},     {7, 30, 65},    {13, 64, 64},
                                  {73, 130, 31}, {5, 769, 300}, {80, 513, 257}, {6, 0, 4}};

TestTensor f32(Shape shape, uint32_t seed, double scale = 1) {
  return TestTensor::random(DType::kF32, shape, seed, scale);
}

TestTensor product(const Stream& s, const TestTensor& x, const TestTensor& weight, Tensor bias,
                   Activation activation = Activation::kIdentity) {
  const Shape shape = weight.tensor().shape;
  TestTensor quantized(DType::kU8, {static_cast<int64_t>(kernels::int8_bytes(shape))});
  kernels::int8_quantize(s, quantized, weight);
  auto y = TestTensor(DType::kF32, {x.tensor().shape[0], shape[0]}).poisoned();
  kernels::linear_int8(s, y, x, quantized, bias, activation);
  quantized.check_sentinels();
  y.check_sentinels();
  return y;
}

// Every instruction set, with VNNI and without it.
void on_every_int8_stream(const std::function<void(const Stream&, const std::string&)>& body) {
  on_every_stream([&](Stream s) {
    for (const bool vnni : {s.vnni, false}) {
      s.vnni = vnni;
      body(s, std::string(kernels::name_of(s.isa)) + (vnni ? ", VNNI" : ""));
    }
  });
}

void expect_the_same_bits(const TestTensor& x, const TestTensor& weight, Tensor bias) {
  const TestDevice plain(1, kernels::Isa::kGeneric);
  const TestTensor expected = product(plain.stream(), x, weight, bias);
  on_every_int8_stream([&](const Stream& s, const std::string& name) {
    EXPECT_TRUE(product(s, x, weight, bias).same_bits(expected)) << name;
  });
}

double dot(const TestTensor& x, int64_t row, const TestTensor& w, int64_t column) {
  const int64_t k = x.tensor().shape[1];
  double sum = 0;
  for (int64_t i = 0; i < k; ++i) sum += x.get(row * k + i) * w.get(column * k + i);
  return sum;
}

double largest(const TestTensor& t, int64_t row) {
  const int64_t k = t.tensor().shape[1];
  double most = 0;
  for (int64_t i = 0; i < k; ++i) most = std::max(most, std::fabs(t.get(row * k + i)));
  return most;
}
double sum_of_magnitudes(const TestTensor& t, int64_t row) {
  const int64_t k = t.tensor().shape[1];
  double sum = 0;
  for (int64_t i = 0; i < k; ++i) sum += std::fabs(t.get(row * k + i));
  return sum;
}

// Half a step of each operand at most: of x a step is 2 largest / 254, of a weight that nothing
// clips largest / 32 at its coarsest; uniform weights choose largest / 127.
double bound(const TestTensor& x, int64_t row, const TestTensor& w, int64_t column) {
  const double dx = largest(x, row) / 254 * 1.01, dw = largest(w, column) / 254 * 1.01;
  const auto k = static_cast<double>(x.tensor().shape[1]);
  return dx * sum_of_magnitudes(w, column) + dw * sum_of_magnitudes(x, row) + k * dx * dw + 1e-6;
}

TestTensor uniform(Shape shape, uint32_t seed) {  // nothing that clipping would help
  TestTensor t = f32(shape, seed);
  for (int64_t i = 0; i < t.size(); ++i) t.set(i, std::tanh(t.get(i)));
  return t;
}

TEST(LinearInt8, HasTheSameBitsOnEveryInstructionSet) {
  for (const auto [rows, in, out] : kSizes) {
    SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(in) + " x " + std::to_string(out));
    const auto bias = f32({out}, 3);
    expect_the_same_bits(f32({rows, in}, 1), f32({out, in}, 2), bias);
    expect_the_same_bits(f32({rows, in}, 1), f32({out, in}, 2), {});
  }
}

TEST(LinearInt8, IsNearTheExactProduct) {
  for (const auto [rows, in, out] : kSizes) {
    const auto x = f32({rows, in}, 1), weight = uniform({out, in}, 2), bias = f32({out}, 3);
    on_every_int8_stream([&](const Stream& s, const std::string& name) {
      const TestTensor y = product(s, x, weight, bias);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < out; ++c)
          ASSERT_NEAR(y.get(r * out + c), dot(x, r, weight, c) + bias.get(c),
                      bound(x, r, weight, c))
              << name << ", " << rows << " x " << in << " x " << out << " at " << r << ", " << c;
    });
  }
}

// Trained models have activations a hundred times the others. They must not coarsen these, and must
// keep their own values: positive or negative, of one byte or two.
TEST(LinearInt8, OutliersCostTheOthersNoPrecision) {
  constexpr int64_t kRows = 9, kIn = 768, kOut = 70;
  auto x = f32({kRows, kIn}, 1);
  const auto weight = uniform({kOut, kIn}, 2);
  for (int64_t r = 0; r < kRows; ++r)
    for (int64_t i = 0; i < r; ++i)
      x.set(r * kIn + (i * 131 + r) % kIn, (i % 2 ? -1.0 : 1.0) * std::ldexp(4, int(i)));
  const TestDevice device;
  const TestTensor y = product(device.stream(), x, weight, {});
  for (int64_t r = 0; r < kRows; ++r) {
    double squares = 0;
    for (int64_t i = 0; i < kIn; ++i) squares += x.get(r * kIn + i) * x.get(r * kIn + i);
    const double step = 10 * std::sqrt(squares / kIn) / 254;
    for (int64_t c = 0; c < kOut; ++c) {
      const double dw = largest(weight, c) / 254 * 1.01;
      EXPECT_NEAR(y.get(r * kOut + c), dot(x, r, weight, c),
                  step / 2 * sum_of_magnitudes(weight, c) + dw * sum_of_magnitudes(x, r))
          << r << ", " << c;
    }
  }
  expect_the_same_bits(x, weight, {});
}

TEST(LinearInt8, FindsTheGridOfWeightsQuantizedBefore) {
  constexpr int64_t kIn = 300, kOut = 40;
  auto weight = f32({kOut, kIn}, 2);
  for (int64_t i = 0; i < weight.size(); ++i)
    weight.set(i, 0.0371 * std::round(std::clamp(weight.get(i), -1.0, 1.0) * 50));
  for (int64_t c = 0; c < kOut; ++c) weight.set(c * kIn, 50 * 0.0371);
  auto x = TestTensor(DType::kF32, {3, kIn});  // in 254 steps of 1
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, double(i * 37 % 100));
  for (int64_t r = 0; r < 3; ++r) x.set(r * kIn + 5, 254);
  const TestDevice device;
  const TestTensor y = product(device.stream(), x, weight, {});
  for (int64_t r = 0; r < 3; ++r)
    for (int64_t c = 0; c < kOut; ++c)
      EXPECT_NEAR(y.get(r * kOut + c), dot(x, r, weight, c), 1e-5 * sum_of_magnitudes(x, r));
}

// Cutting off 1 of the largest weight's 6 deviations costs less than coarser steps for the others.
TEST(LinearInt8, WeightsAreClippedWhereThatLessensTheError) {
  constexpr int64_t kIn = 30'000, kRows = 1000;
  constexpr double kLargest = 6;
  auto weight = f32({1, kIn}, 2);
  weight.set(17, kLargest);
  auto x = f32({kRows, kIn}, 1);
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, x.get(i) < 0 ? -1 : 1);  // exact in 8 bits
  const TestDevice device;
  const TestTensor y = product(device.stream(), x, weight, {});
  double squares = 0;
  for (int64_t r = 0; r < kRows; ++r) squares += std::pow(y.get(r) - dot(x, r, weight, 0), 2);
  const double unclipped = kLargest / 127 / std::sqrt(12) * std::sqrt(kIn);
  EXPECT_LT(std::sqrt(squares / kRows), 0.95 * unclipped);
}

TEST(LinearInt8, RowsThatAreNotFiniteBecomeNaNAndTheOthersStay) {
  constexpr int64_t kIn = 70, kOut = 66;
  constexpr double kInf = std::numeric_limits<double>::infinity();
  auto x = f32({5, kIn}, 1);
  const auto weight = f32({kOut, kIn}, 2), bias = f32({kOut}, 3);
  const TestDevice device;
  const TestTensor before = product(device.stream(), x, weight, bias);
  x.set(kIn + 69, std::nan(""));
  x.set(2 * kIn + 3, kInf);
  x.set(3 * kIn + 17, -kInf);
  on_every_int8_stream([&](const Stream& s, const std::string& name) {
    const TestTensor y = product(s, x, weight, bias);
    for (int64_t r = 0; r < 5; ++r)
      for (int64_t c = 0; c < kOut; ++c) {
        const double value = y.get(r * kOut + c);
        if (r >= 1 && r <= 3)
          ASSERT_TRUE(std::isnan(value)) << name << ", row " << r;
        else
          ASSERT_EQ(value, before.get(r * kOut + c)) << name;
      }
  });
}

TEST(LinearInt8, ZeroHugeAndTinyRows) {
  constexpr int64_t kIn = 48, kOut = 20;
  const auto weight = uniform({kOut, kIn}, 2), bias = f32({kOut}, 3);
  const auto base = f32({1, kIn}, 1);
  auto x = TestTensor(DType::kF32, {4, kIn});
  for (int64_t i = 0; i < kIn; ++i) {
    x.set(i, 0);
    x.set(kIn + i, base.get(i) / largest(base, 0) * 3e38);
    x.set(2 * kIn + i, base.get(i) * 1e-20);
    x.set(3 * kIn + i, base.get(i) * 1e-42);
  }
  on_every_int8_stream([&](const Stream& s, const std::string& name) {
    const TestTensor y = product(s, x, weight, bias), alone = product(s, x, weight, {});
    for (int64_t c = 0; c < kOut; ++c) {
      EXPECT_EQ(y.get(c), bias.get(c)) << name;
      const double huge = dot(x, 1, weight, c);
      if (std::fabs(huge) < 3e38) {
        EXPECT_NEAR(alone.get(kOut + c) / 3e38, huge / 3e38, bound(base, 0, weight, c)) << name;
      }
      EXPECT_NEAR(alone.get(2 * kOut + c) * 1e20, dot(x, 2, weight, c) * 1e20,
                  bound(base, 0, weight, c));
      EXPECT_NEAR(y.get(3 * kOut + c), bias.get(c), 1e-30) << name;
    }
  });
}

TEST(LinearInt8, WeightsThatAreNotFiniteGiveNaN) {
  auto weight = f32({3, 20}, 2);
  weight.set(20 + 7, std::nan(""));
  weight.set(40 + 7, std::numeric_limits<double>::infinity());
  const TestDevice device;
  const TestTensor y = product(device.stream(), f32({1, 20}, 1), weight, {});
  EXPECT_TRUE(std::isfinite(y.get(0)));
  EXPECT_TRUE(std::isnan(y.get(1)));
  EXPECT_TRUE(std::isnan(y.get(2)));
}

TEST(LinearInt8, AppliesTheActivationOfItsKernel) {
  constexpr int64_t kRows = 75, kIn = 40, kOut = 300;
  const auto x = f32({kRows, kIn}, 1), weight = f32({kOut, kIn}, 2), bias = f32({kOut}, 3);
  const TestDevice device(2);
  for (const auto activation : {Activation::kGeluNew, Activation::kGelu, Activation::kRelu}) {
    const TestTensor fused = product(device.stream(), x, weight, bias, activation);
    TestTensor after = product(device.stream(), x, weight, bias);
    kernels::bias_activation_forward(device.stream(), after, after, {}, activation);
    EXPECT_TRUE(close(fused.values(), after.values(), 1e-6, 1e-6)) << int(activation);
  }
}

TEST(LinearInt8, ARowIsTheSameAloneAndAmongOthers) {
  constexpr int64_t kRows = 150, kIn = 100, kOut = 90;
  const auto all = f32({kRows, kIn}, 1), weight = f32({kOut, kIn}, 2);
  const TestDevice device(2);
  const std::vector<double> among = product(device.stream(), all, weight, {}).values();
  for (const int64_t rows : {1, 2, 5, 6, 7, 71, 72, 73}) {
    TestTensor x(DType::kF32, {rows, kIn});
    for (int64_t i = 0; i < x.size(); ++i) x.set(i, all.get(i));
    EXPECT_TRUE(product(device.stream(), x, weight, {}).values() ==
                std::vector<double>(among.begin(), among.begin() + rows * kOut))
        << rows;
  }
}

TEST(LinearInt8, RefusesDepthsThatDoNotFit32Bits) {
  EXPECT_GT(kernels::int8_bytes({4, 32'768}), 0U);
  EXPECT_EQ(kernels::int8_bytes({4, 32'769}), 0U);
}

// The largest sums that there can be.
TEST(LinearInt8, TheDeepestSumIsExact) {
  constexpr int64_t kIn = 32'768;
  TestTensor x(DType::kF32, {2, kIn}), weight(DType::kF32, {2, kIn});
  for (int64_t i = 0; i < kIn; ++i) {
    x.set(i, 254);
    x.set(kIn + i, i % 2 ? -127 : 127);
    weight.set(i, 127);
    weight.set(kIn + i, i % 2 ? -127 : 127);
  }
  on_every_int8_stream([&](const Stream& s, const std::string& name) {
    const TestTensor y = product(s, x, weight, {});
    const double most = 127.0 * kIn;
    EXPECT_NEAR(y.get(0) / most, 254, 1e-4) << name;
    EXPECT_NEAR(y.get(1) / most, 0, 1e-4) << name;
    EXPECT_NEAR(y.get(2) / most, 0, 1e-4) << name;
    EXPECT_NEAR(y.get(3) / most, 127, 1e-4) << name;
  });
}

}  // namespace
}  // namespace albert::testing
