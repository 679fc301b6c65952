#include "albert/kernels/softmax_pool.h"

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Grad;
using kernels::Stream;

constexpr int32_t kRows = 61, kSequences = 5;
const std::vector<int32_t> kOffsets{0, 7, 8, 8, 50, kRows};  // one of them empty

struct Gradient {
  TestTensor dx, dlogits;
};

struct Case {
  explicit Case(DType dtype, int64_t cols = 70)
      : x(TestTensor::random(dtype, {kRows, cols}, 1)),
        logits(TestTensor::random(dtype, {kRows, 1}, 2, 2.0)),
        cu(TestTensor::of<int32_t>({kSequences + 1}, kOffsets)),
        dy(TestTensor::random(dtype, {kSequences, cols}, 3)) {}

  // y and p
  std::vector<TestTensor> forward(const Stream& s) const {
    std::vector<TestTensor> out{dy.poisoned(),
                                TestTensor(accumulator(x.tensor().dtype), {kRows}).poisoned()};
    kernels::softmax_pool_forward(s, out[0], out[1], x, logits, cu);
    for (const auto& t : out) t.check_sentinels();
    return out;
  }
  void backward(const Stream& s, const TestTensor& dx, Grad dx_mode, const TestTensor& dlogits,
                Grad dlogits_mode) const {
    const auto f = forward(s);
    const auto d = f[1].poisoned();
    kernels::softmax_pool_backward(s, dx, dx_mode, dlogits, dlogits_mode, d, dy, x, f[1], cu);
    for (const auto* t : {&dx, &dlogits, &d}) t->check_sentinels();
  }
  Gradient gradient(const Stream& s) const {
    Gradient g{x.poisoned(), logits.poisoned()};
    backward(s, g.dx, Grad::kAssign, g.dlogits, Grad::kAssign);
    return g;
  }

  TestTensor x, logits, cu, dy;
};

struct Oracle {
  explicit Oracle(const Case& c) {
    const int64_t cols = c.x.tensor().shape[1];
    y.resize(static_cast<size_t>(kSequences * cols));
    for (size_t b = 0; b < kSequences; ++b) {
      double sum = 0;
      for (int64_t r = kOffsets[b]; r < kOffsets[b + 1]; ++r) sum += std::exp(c.logits.get(r));
      for (int64_t r = kOffsets[b]; r < kOffsets[b + 1]; ++r) {
        p.push_back(std::exp(c.logits.get(r)) / sum);
        for (int64_t k = 0; k < cols; ++k)
          y[b * static_cast<size_t>(cols) + static_cast<size_t>(k)] +=
              p.back() * c.x.get(r * cols + k);
      }
    }
  }
  std::vector<double> y, p;
};

class SoftmaxPoolTest : public ::testing::TestWithParam<DType> {};

TEST_P(SoftmaxPoolTest, EqualsTheFormula) {
  for (const int64_t cols : {1, 70, 300}) {
    const Case c(GetParam(), cols);
    const Oracle expected(c);
    on_every_stream([&](const Stream& s) {
      const auto out = c.forward(s);
      EXPECT_TRUE(close(out[0].values(), expected.y, 2 * near_f64(GetParam()), 1e-3));
      EXPECT_TRUE(close(out[1].values(), expected.p, GetParam() == DType::kF64 ? 1e-12 : 1e-6));
    });
  }
}

TEST_P(SoftmaxPoolTest, GradModesAndThreads) {
  const Case c(GetParam());
  const TestDevice device(2);
  expect_grad_modes(GetParam(), c.x.tensor().shape, [&](const TestTensor& d, Grad mode) {
    c.backward(device.stream(), d, mode, c.logits.poisoned(), Grad::kIgnore);
  });
  expect_grad_modes(GetParam(), c.logits.tensor().shape, [&](const TestTensor& d, Grad mode) {
    c.backward(device.stream(), c.x.poisoned(), Grad::kIgnore, d, mode);
  });
  expect_threads_agree([&](const Stream& s) {
    auto written = c.forward(s);
    const Gradient g = c.gradient(s);
    written.push_back(g.dx);
    written.push_back(g.dlogits);
    return written;
  });
}

INSTANTIATE_TEST_SUITE_P(Types, SoftmaxPoolTest, ::testing::ValuesIn(float_types()));

TEST(SoftmaxPool, GradientsAreThoseOfTheForward) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  const TestDevice device(2);
  Case c(DType::kF64, 3);
  const Gradient analytic = c.gradient(device.stream());
  const auto f = [&] { return projection(c.forward(device.stream())[0], c.dy); };
  EXPECT_TRUE(close(analytic.dx.values(), numeric_gradient(c.x, f), 1e-7));
  EXPECT_TRUE(close(analytic.dlogits.values(), numeric_gradient(c.logits, f), 1e-7));
}

TEST(SoftmaxPool, ExtremeLogitsChooseOneRow) {
  for (const DType dtype : float_types())
    on_every_stream([&](const Stream& s) {
      Case c(dtype);
      for (int64_t r = 0; r < kRows; ++r) c.logits.set(r, r == 3 ? 1e4 : -1e4);
      const auto out = c.forward(s);
      for (int64_t k = 0; k < 70; ++k) EXPECT_EQ(out[0].get(k), c.x.get(3 * 70 + k));
      for (const double d : c.gradient(s).dlogits.values()) ASSERT_TRUE(std::isfinite(d));
    });
}

TEST(TopRows, AreTheLargestAndOfEqualOnesTheFirst) {
  for (const DType dtype : float_types())
    on_every_stream([&](const Stream& s) {
      Case c(dtype);
      for (int64_t r = 0; r < kRows; ++r) c.logits.set(r, static_cast<double>(r * 7 % 10));
      c.logits.set(5, NAN);
      const auto index = TestTensor(DType::kI32, {4, kSequences}).poisoned();
      kernels::top_rows(s, index, c.logits, c.cu);
      index.check_sentinels();
      // Of the first 0, 7, 4, 1, 8, NaN, 2; of the fourth and fifth 9, 9, 9, 9 and 9, 8, 7, 6.
      EXPECT_EQ(index.values(), (std::vector<double>{4, 7, 8, 17, 57, 1, 7, 8, 27, 54,  //
                                                     2, 7, 8, 37, 51, 6, 7, 8, 47, 58}));
    });
}

TEST(TopRows, AreInsideTheOperandsWhateverTheLogits) {
  on_every_stream([&](const Stream& s) {
    Case c(DType::kF32);
    for (int64_t r = 0; r < kRows; ++r) c.logits.set(r, r < 8 ? NAN : -HUGE_VAL);
    c.cu = TestTensor::of<int32_t>({kSequences + 1}, {0, 7, 8, 10, kRows, kRows});
    const auto index = TestTensor(DType::kI32, {3, kSequences}).poisoned();
    kernels::top_rows(s, index, c.logits, c.cu);
    EXPECT_EQ(index.values(),
              (std::vector<double>{0, 7, 8, 10, 60, 0, 7, 9, 11, 60, 0, 7, 8, 12, 60}));
  });
}

TEST(SoftmaxPool, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  for (int wrong = 0; wrong < 4; ++wrong) {
    Case c(DType::kF32);
    if (wrong == 0) c.cu = TestTensor(DType::kI64, {kSequences + 1});
    if (wrong == 1) c.cu = TestTensor(DType::kI32, {kSequences});
    if (wrong == 2) c.logits = TestTensor(DType::kF32, {kRows, 2});
    if (wrong == 3) c.x = TestTensor(DType::kF32, {kRows + 1, 70});
    EXPECT_THROW(c.forward(device.stream()), Error) << wrong;
  }
  const Case c(DType::kF32);
  const auto index = TestTensor(DType::kI32, {3, kSequences + 1});
  EXPECT_THROW(kernels::top_rows(device.stream(), index, c.logits, c.cu), Error);
  EXPECT_THROW(c.backward(device.stream(), c.dy, Grad::kAdd, c.logits, Grad::kAdd), Error);
  EXPECT_THROW(c.backward(device.stream(), c.x, Grad::kAdd, c.x, Grad::kAdd), Error);
}

}  // namespace
}  // namespace albert::testing
