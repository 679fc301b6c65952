#include "albert/kernels/elementwise_loss.h"

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Grad;
using kernels::Stream;

enum class Loss { kBinary, kWeightedBinary, kSquared };

struct Case {
  Case(Loss which, DType dtype, int64_t rows, int64_t cols)
      : kind(which),
        x(TestTensor::random(dtype, {rows, cols}, 1, 2.0)),
        targets(random_eighths({rows, cols}, 2, 8)),
        weights(random_eighths({cols}, 3)),
        dloss(accumulator(dtype), {1}) {
    dloss.set(0, -1.75);
  }
  Tensor class_weights() const {
    return kind == Loss::kWeightedBinary ? weights.tensor() : Tensor{};
  }
  std::vector<TestTensor> forward(const Stream& s) const {
    const DType sums = accumulator(x.tensor().dtype);
    std::vector<TestTensor> out{TestTensor(sums, {1}).poisoned(),
                                TestTensor(sums, {x.tensor().shape[0]}).poisoned()};
    if (kind == Loss::kSquared)
      kernels::mean_squared_error_forward(s, out[0], out[1], x, targets, scale);
    else
      kernels::binary_cross_entropy_forward(s, out[0], out[1], x, targets, class_weights(), scale);
    for (const auto& t : out) t.check_sentinels();
    return out;
  }
  void backward(const Stream& s, const TestTensor& dx, Grad mode) const {
    if (kind == Loss::kSquared)
      kernels::mean_squared_error_backward(s, dx, mode, dloss, x, targets, scale);
    else
      kernels::binary_cross_entropy_backward(s, dx, mode, dloss, x, targets, class_weights(),
                                             scale);
    dx.check_sentinels();
  }
  TestTensor gradient(const Stream& s) const {
    auto dx = x.poisoned();
    backward(s, dx, Grad::kAssign);
    return dx;
  }
  double weight(int64_t i) const {
    return kind == Loss::kWeightedBinary ? weights.get(i % weights.size()) : 1;
  }
  double expected_loss() const {
    double loss = 0;
    for (int64_t i = 0; i < x.size(); ++i) {
      const double p = 1 / (1 + std::exp(-x.get(i))), y = targets.get(i), difference = x.get(i) - y;
      loss += kind == Loss::kSquared ? difference * difference
                                     : -weight(i) * (y * std::log(p) + (1 - y) * std::log1p(-p));
    }
    return scale * loss;
  }
  std::vector<double> expected_gradient() const {
    std::vector<double> d;
    for (int64_t i = 0; i < x.size(); ++i) {
      const double slope = kind == Loss::kSquared
                               ? 2 * (x.get(i) - targets.get(i))
                               : weight(i) * (1 / (1 + std::exp(-x.get(i))) - targets.get(i));
      d.push_back(dloss.get(0) * scale * slope);
    }
    return d;
  }

  Loss kind;
  TestTensor x, targets, weights, dloss;
  double scale = 0.375;
};

class ElementwiseLossTest : public ::testing::TestWithParam<std::tuple<Loss, DType, int64_t>> {
 protected:
  static Case made(int64_t rows = 300) {
    const auto [loss, dtype, cols] = GetParam();
    return {loss, dtype, rows, cols};
  }
  static DType dtype() { return std::get<1>(GetParam()); }
};

TEST_P(ElementwiseLossTest, EqualsTheFormula) {
  const Case c = made();
  const auto expected = c.expected_gradient();
  const double loss = c.expected_loss();
  // f32: a handful of roundings of 6e-8 in each term.
  const double sum = dtype() == DType::kF64 ? 1e-14 : 3e-7;
  const double tolerance =
      size_of(dtype()) == 2 ? 2 * rounding_error(expected, dtype()) + 3e-7 : sum;
  on_every_stream([&](const Stream& s) {
    EXPECT_TRUE(close(std::vector{c.forward(s)[0].get(0)}, std::vector{loss}, sum));
    EXPECT_TRUE(close(c.gradient(s).values(), expected, tolerance));
  });
}

TEST_P(ElementwiseLossTest, GradModesAndThreads) {
  const Case c = made();
  const TestDevice device(2);
  expect_grad_modes(dtype(), c.x.tensor().shape,
                    [&](const TestTensor& d, Grad mode) { c.backward(device.stream(), d, mode); });
  expect_threads_agree([&](const Stream& s) {
    auto written = c.forward(s);
    written.push_back(c.gradient(s));
    return written;
  });
}

TEST_P(ElementwiseLossTest, ExtremeInputsStayFinite) {
  Case c = made(4);
  for (int64_t i = 0; i < c.x.size(); ++i) c.x.set(i, i % 2 ? 1e4 : -1e4);
  on_every_stream([&](const Stream& s) {
    EXPECT_TRUE(std::isfinite(c.forward(s)[0].get(0)));
    for (const double d : c.gradient(s).values()) ASSERT_TRUE(std::isfinite(d));
  });
}

TEST_P(ElementwiseLossTest, NoRowsTimesAnInfiniteScaleIsNaN) {
  Case c = made(0);
  EXPECT_EQ(c.forward(TestDevice(2).stream())[0].get(0), 0);
  c.scale = HUGE_VAL;
  EXPECT_TRUE(std::isnan(c.forward(TestDevice(2).stream())[0].get(0)));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ElementwiseLossTest,
    ::testing::Combine(::testing::Values(Loss::kBinary, Loss::kWeightedBinary, Loss::kSquared),
                       ::testing::ValuesIn(float_types()), ::testing::Values(1, 2, 31, 33, 128)));

TEST(ElementwiseLoss, GradientsAreThoseOfTheForward) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  const TestDevice device(2);
  for (const auto kind : {Loss::kBinary, Loss::kWeightedBinary, Loss::kSquared}) {
    Case c(kind, DType::kF64, 5, 3);
    const auto analytic = c.gradient(device.stream());
    const auto numeric = numeric_gradient(
        c.x, [&] { return c.dloss.get(0) * c.forward(device.stream())[0].get(0); });
    EXPECT_TRUE(close(analytic.values(), numeric, 1e-7)) << static_cast<int>(kind);
  }
}

// torch.nn.BCEWithLogitsLoss(weight=[0.5, 2, 1.25, 0.75] or None) and torch.nn.MSELoss() in
// float64, PyTorch 2: the mean loss and row 0 of its gradient.
TEST(ElementwiseLoss, EqualsPyTorch) {
  struct Torch {
    Loss kind;
    double loss;
    std::vector<double> row;
  };
  const std::vector<Torch> results = {
      {Loss::kBinary,
       0.7001593469189527,
       {-0.023596291799884088, 0.013918758676581803, -0.007450182626382355, 0.04244866869846206}},
      {Loss::kWeightedBinary,
       0.705729125635588,
       {-0.011798145899942044, 0.027837517353163605, -0.009312728282977944, 0.031836501523846546}},
      {Loss::kSquared, 1.591796875, {-0.0625, -0.15625, 0.125, 0.09375}}};
  const TestDevice device;
  const double tolerance = computes_f64() ? 1e-15 : 1e-6;
  for (const auto& torch : results) {
    Case c(torch.kind, widest_type(), 4, 4);
    c.x = TestTensor::of<double>({4, 4}, {0.5, -1.25, 2.0, 0.75, 1.5, 0.25, -0.5, 3.0, -2.0, 0.125,
                                          0.625, -0.25, 0.0, 1.0, -1.0, 2.5})
              .as_type(widest_type());
    c.targets =
        TestTensor::of<float>({4, 4}, {1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0.5F, 0.25F, 0, 1});
    c.weights = TestTensor::of<float>({4}, {0.5F, 2.0F, 1.25F, 0.75F});
    c.scale = 1.0 / 16;
    c.dloss.set(0, 1);
    EXPECT_TRUE(close(std::vector{c.forward(device.stream())[0].get(0)}, std::vector{torch.loss},
                      tolerance));
    auto gradient = c.gradient(device.stream()).values();
    gradient.resize(4);
    EXPECT_TRUE(close(gradient, torch.row, tolerance));
  }
}

TEST(ElementwiseLoss, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  for (const auto kind : {Loss::kWeightedBinary, Loss::kSquared}) {
    Case c(kind, DType::kF32, 3, 2);
    EXPECT_THROW(c.backward(device.stream(), TestTensor(DType::kF32, {2, 2}), Grad::kAdd), Error);
    c.dloss = TestTensor(DType::kF32, {2});
    EXPECT_THROW(c.gradient(device.stream()), Error);
    c.targets = TestTensor(DType::kF64, {3, 2});
    EXPECT_THROW(c.forward(device.stream()), Error);
    EXPECT_THROW(c.gradient(device.stream()), Error);
  }
  Case c(Loss::kWeightedBinary, DType::kF32, 3, 2);
  c.weights = TestTensor(DType::kF32, {3});
  EXPECT_THROW(c.forward(device.stream()), Error);
  const TestTensor two(DType::kF32, {2}), three(DType::kF32, {3}), one(DType::kF32, {1});
  EXPECT_THROW(kernels::mean_squared_error_forward(device.stream(), two, three, c.x, c.targets, 1),
               Error);
  EXPECT_THROW(kernels::mean_squared_error_forward(device.stream(), one, two, c.x, c.targets, 1),
               Error);
}

}  // namespace
}  // namespace albert::testing
