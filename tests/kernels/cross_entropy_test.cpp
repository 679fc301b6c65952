#include "albert/kernels/cross_entropy.h"

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::CrossEntropy;
using kernels::Grad;
using kernels::kIgnoredLabel;
using kernels::Stream;

struct Case {
  Case(DType dtype, int64_t rows, int64_t classes)
      : logits(TestTensor::random(dtype, {rows, classes}, 1, 2.0)),
        labels(random_ids(rows, classes, 2)),
        weights(random_eighths({classes}, 3)),
        dloss(accumulator(dtype), {1}) {
    dloss.set(0, -1.75);
    for (int64_t r = 1; r < rows; r += 4) labels.set(r, kIgnoredLabel);
  }
  CrossEntropy options(bool weighted, double smoothing, double scale = 0.375) const {
    return {weighted ? weights.tensor() : Tensor{}, smoothing, scale};
  }
  struct Forward {
    TestTensor loss, row_loss, log_sum_exp, best;
  };
  Forward forward(const Stream& s, const CrossEntropy& o) const {
    const DType sums = accumulator(logits.tensor().dtype);
    const TestTensor row(sums, {labels.size()});
    Forward f{TestTensor(sums, {1}).poisoned(), row.poisoned(), row.poisoned(),
              TestTensor(DType::kI32, {labels.size()})};
    kernels::cross_entropy_forward(s, f.loss, f.row_loss, f.log_sum_exp, f.best, logits, labels, o);
    for (const auto* t : {&f.loss, &f.row_loss, &f.log_sum_exp, &f.best}) t->check_sentinels();
    return f;
  }
  void backward(const Stream& s, const TestTensor& dlogits, Grad mode,
                const CrossEntropy& o) const {
    const auto f = forward(s, o);
    kernels::cross_entropy_backward(s, dlogits, mode, dloss, logits, f.log_sum_exp, labels, o);
    dlogits.check_sentinels();
  }
  TestTensor gradient(const Stream& s, const CrossEntropy& o) const {
    auto dlogits = logits.poisoned();
    backward(s, dlogits, Grad::kAssign, o);
    return dlogits;
  }

  TestTensor logits, labels, weights, dloss;
};

// The header's formula and its derivative, in f64 with soft-max probabilities written out.
struct Oracle {
  Oracle(const Case& c, bool weighted, double smoothing, double scale) {
    const int64_t rows = c.labels.size(), n = c.logits.tensor().shape[1];
    for (int64_t r = 0; r < rows; ++r) {
      const auto label = static_cast<int64_t>(c.labels.get(r));
      double max = -HUGE_VAL, sum = 0;
      for (int64_t i = 0; i < n; ++i) max = std::max(max, c.logits.get(r * n + i));
      for (int64_t i = 0; i < n; ++i) sum += std::exp(c.logits.get(r * n + i) - max);
      double weight_sum = 0;  // of the row's soft targets
      std::vector<double> target(static_cast<size_t>(n));
      for (int64_t i = 0; i < n && label != kIgnoredLabel; ++i) {
        const double w = weighted ? c.weights.get(i) : 1;
        double& t = target[static_cast<size_t>(i)];
        t = w * ((i == label ? 1 - smoothing : 0) + smoothing / static_cast<double>(n));
        weight_sum += t;
        loss -= scale * t * (c.logits.get(r * n + i) - max - std::log(sum));
      }
      for (int64_t i = 0; i < n; ++i) {
        const double p = std::exp(c.logits.get(r * n + i) - max) / sum;
        gradient.push_back(c.dloss.get(0) * scale *
                           (weight_sum * p - target[static_cast<size_t>(i)]));
      }
    }
  }
  double loss = 0;
  std::vector<double> gradient;
};

class CrossEntropyTest : public ::testing::TestWithParam<std::tuple<DType, int64_t>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  int64_t classes() const { return std::get<1>(GetParam()); }
  int64_t rows() const { return classes() > 1000 ? 3 : 90; }
};

TEST_P(CrossEntropyTest, EqualsTheFormula) {
  const Case c(dtype(), rows(), classes());
  for (const bool weighted : {false, true})
    for (const double smoothing : {0.0, 0.1}) {
      const Oracle expected(c, weighted, smoothing, 0.375);
      // f32: log sum exp (8..16 here) and the exponent x - log sum exp are rounded to 5e-7 each,
      // exp_approx to 2e-7.
      const double f32 = 1.2e-6, floor = 0.1;
      const double tolerance = dtype() == DType::kF64 ? 2e-14
                               : dtype() == DType::kF32
                                   ? f32
                                   : 2 * rounding_error(expected.gradient, dtype(), floor) + f32;
      on_every_stream([&](const Stream& s) {
        const auto o = c.options(weighted, smoothing);
        const double loss = c.forward(s, o).loss.get(0);
        EXPECT_TRUE(close(std::vector{loss}, std::vector{expected.loss},
                          dtype() == DType::kF64 ? 1e-14 : f32, floor));
        EXPECT_TRUE(close(c.gradient(s, o).values(), expected.gradient, tolerance, floor));
      });
    }
}

TEST_P(CrossEntropyTest, BestIsTheFirstLargestAndNoneWhereThereIsNaN) {
  Case c(dtype(), rows(), classes());
  for (int64_t r = 0; r < rows(); ++r)  // ties in every third row
    for (int64_t k = 0; k < classes() && r % 3 == 2; ++k)
      c.logits.set(r * classes() + k, k < classes() / 2 ? -1 : 2);
  c.logits.set(classes() - 1, std::nan(""));
  on_every_stream([&](const Stream& s) {
    const auto f = c.forward(s, c.options(false, 0));
    for (int64_t r = 0; r < rows(); ++r) {
      int64_t want = 0;
      for (int64_t k = 0; k < classes(); ++k)
        if (c.logits.get(r * classes() + k) > c.logits.get(r * classes() + want)) want = k;
      const bool none = r == 0 || c.labels.get(r) == kIgnoredLabel;
      EXPECT_EQ(f.best.get(r), none ? -1 : static_cast<double>(want)) << r;
    }
    TestTensor loss(f.loss), row(f.row_loss), lse(f.log_sum_exp);
    kernels::cross_entropy_forward(s, loss, row, lse, {}, c.logits, c.labels, c.options(false, 0));
    EXPECT_TRUE(row.same_bits(f.row_loss));
  });
}

TEST(CrossEntropy, BestOfInfiniteLogitsIsTheirFirst) {
  on_every_stream([&](const Stream& s) {
    Case c(DType::kF32, 3, 700);
    for (int64_t k = 0; k < 700; ++k) c.logits.set(k, -HUGE_VAL);
    c.logits.set(700 + 650, HUGE_VAL);
    c.labels = TestTensor::of<int32_t>({3}, {0, 0, 0});
    const auto best = c.forward(s, c.options(false, 0)).best;
    EXPECT_EQ(best.get(0), 0);
    EXPECT_EQ(best.get(1), 650);
  });
}

TEST_P(CrossEntropyTest, GradModes) {
  const Case c(dtype(), rows(), std::max<int64_t>(classes(), 2));
  const TestDevice device(2);
  expect_grad_modes(dtype(), c.logits.tensor().shape, [&](const TestTensor& d, Grad mode) {
    c.backward(device.stream(), d, mode, c.options(true, 0.1));
  });
}

TEST_P(CrossEntropyTest, ThreadsDoNotChangeABit) {
  const Case c(dtype(), rows(), classes());
  expect_threads_agree([&](const Stream& s) {
    const auto f = c.forward(s, c.options(true, 0.1));
    return std::vector<TestTensor>{f.loss, f.row_loss, f.log_sum_exp, f.best,
                                   c.gradient(s, c.options(true, 0.1))};
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, CrossEntropyTest,
                         ::testing::Combine(::testing::ValuesIn(float_types()),
                                            ::testing::Values(1, 2, 31, 33, 128, 30000)));

TEST(CrossEntropy, GradientIsThatOfTheForward) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  Case c(DType::kF64, 6, 5);
  const TestDevice device(2);
  for (const bool weighted : {false, true})
    for (const double smoothing : {0.0, 0.3}) {
      const auto o = c.options(weighted, smoothing);
      const auto analytic = c.gradient(device.stream(), o);
      const auto numeric = numeric_gradient(
          c.logits, [&] { return c.dloss.get(0) * c.forward(device.stream(), o).loss.get(0); });
      EXPECT_TRUE(close(analytic.values(), numeric, 1e-7)) << weighted << smoothing;
    }
}

// torch.nn.CrossEntropyLoss(weight=w, label_smoothing=e) in float64, PyTorch 2, on these logits and
// labels with w = [0.5, 2, 1.25, 0.75]: its mean loss, and row 0 of the gradient. scale: 1 / (w[2]
// + w[0] + w[3]), or 1 / 3.
TEST(CrossEntropy, EqualsPyTorch) {
  struct Torch {
    bool weighted;
    double smoothing, loss;
    std::vector<double> row;
  };
  const std::vector<Torch> results = {
      {false,
       0,
       1.3638063806364036,
       {0.048034280433328275, 0.008347106331704011, -0.11805862371373244, 0.061677236948700156}},
      {false,
       0.1,
       1.422139713969737,
       {0.03970094709999495, 1.377299837067916e-05, -0.09305862371373243, 0.05334390361536683}},
      {true,
       0,
       0.9783762724145906,
       {0.07205142064999241, 0.012520659497556017, -0.17708793557059865, 0.09251585542305024}},
      {true,
       0.1,
       1.1443400065590459,
       {0.06633090644349249, -0.0076045470974195435, -0.14281705621489263, 0.08409069686881974}}};
  Case c(widest_type(), 4, 4);
  c.logits = TestTensor::of<double>({4, 4}, {0.5, -1.25, 2.0, 0.75, 1.5, 0.25, -0.5, 3.0, -2.0,
                                             0.125, 0.625, -0.25, 0.0, 1.0, -1.0, 2.5})
                 .as_type(widest_type());
  const double tolerance = computes_f64() ? 1e-15 : 1e-6;
  c.labels = TestTensor::of<int32_t>({4}, {2, kIgnoredLabel, 0, 3});
  c.weights = TestTensor::of<float>({4}, {0.5F, 2.0F, 1.25F, 0.75F});
  c.dloss.set(0, 1);
  on_every_stream([&](const Stream& s) {
    for (const auto& torch : results) {
      const auto o = c.options(torch.weighted, torch.smoothing, 1 / (torch.weighted ? 2.5 : 3.0));
      EXPECT_TRUE(
          close(std::vector{c.forward(s, o).loss.get(0)}, std::vector{torch.loss}, tolerance));
      auto gradient = c.gradient(s, o).values();
      for (size_t i = 4; i < 8; ++i) EXPECT_EQ(gradient[i], 0) << "an ignored label";
      gradient.resize(4);
      EXPECT_TRUE(close(gradient, torch.row, tolerance));
    }
  });
}

TEST(CrossEntropy, ExtremeLogitsStayFinite) {
  for (const DType dtype : float_types())
    on_every_stream([&](const Stream& s) {
      Case c(dtype, 4, 40);
      for (int64_t i = 0; i < 160; ++i)
        c.logits.set(i, i < 40 ? 1e4 : i < 80 ? -1e4 : (i % 2 ? 1e4 : -1e4));
      c.labels = TestTensor::of<int32_t>({4}, {0, 5, 1, 2});  // equal, equal, the best, the worst
      const auto f = c.forward(s, c.options(false, 0, 1));
      const double log_40 = std::log(40.0), log_20 = std::log(20.0);
      // One ulp of 1e4 in f32 is 1e-3.
      EXPECT_TRUE(close(f.row_loss.values(),
                        std::vector{log_40, log_40, log_20, 2 * c.logits.get(81) + log_20}, 1e-3,
                        1));
      for (const double d : c.gradient(s, c.options(false, 0, 1)).values())
        ASSERT_TRUE(std::isfinite(d));
    });
}

TEST(CrossEntropy, MaskedClassesHaveNoProbability) {
  const TestDevice device;
  Case c(DType::kF32, 1, 20);
  c.labels.set(0, 3);
  c.logits.set(7, -HUGE_VAL);
  EXPECT_TRUE(std::isfinite(c.forward(device.stream(), c.options(false, 0)).loss.get(0)));
  EXPECT_EQ(c.gradient(device.stream(), c.options(false, 0)).get(7), 0);
}

TEST(CrossEntropy, NotANumberComesThrough) {
  for (const DType dtype : float_types())
    on_every_stream([&](const Stream& s) {
      for (const int64_t at : {int64_t{0}, int64_t{63}, int64_t{99}}) {
        Case c(dtype, 1, 100);
        c.logits.set(at, std::nan(""));
        EXPECT_TRUE(std::isnan(c.forward(s, c.options(false, 0)).loss.get(0))) << at;
      }
    });
}

TEST(CrossEntropy, OnlyIgnoredLabelsGiveNaNAndNoGradient) {
  const TestDevice device;
  Case c(DType::kF32, 3, 7);
  for (int64_t r = 0; r < 3; ++r) c.labels.set(r, kIgnoredLabel);
  const auto o = c.options(false, 0.1, HUGE_VAL);
  const auto f = c.forward(device.stream(), o);
  EXPECT_TRUE(std::isnan(f.loss.get(0)));
  EXPECT_EQ(f.row_loss.values(), std::vector<double>(3));
  EXPECT_EQ(c.gradient(device.stream(), o).values(), std::vector<double>(21));
  EXPECT_EQ(c.forward(device.stream(), c.options(false, 0.1, 1)).loss.get(0), 0);
  EXPECT_EQ(Case(DType::kF32, 0, 7).forward(device.stream(), o).row_loss.size(), 0);
  auto kept = c.logits;
  c.backward(device.stream(), kept, Grad::kAdd, o);
  EXPECT_TRUE(kept.same_bits(c.logits));
}

TEST(CrossEntropy, ALabelOutOfRangeShowsAndTouchesNothingElse) {
  on_every_stream([&](const Stream& s) {
    for (const int32_t label : {-1, 7, 1 << 30, -(1 << 30)}) {
      Case c(DType::kF32, 3, 7);
      const auto right = c.gradient(s, c.options(true, 0.1));
      c.labels.set(2, label);
      EXPECT_TRUE(std::isnan(c.forward(s, c.options(true, 0.1)).loss.get(0)));
      const auto wrong = c.gradient(s, c.options(true, 0.1));
      for (int64_t i = 0; i < 14; ++i) EXPECT_EQ(wrong.get(i), right.get(i));
      for (int64_t i = 14; i < 21; ++i) EXPECT_TRUE(std::isnan(wrong.get(i)));
    }
  });
}

TEST(CrossEntropy, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const Stream s = device.stream();
  const Case c(DType::kF32, 3, 7);
  const TestTensor one(DType::kF32, {1}), three(DType::kF32, {3}), four(DType::kF32, {4}),
      wide(DType::kI64, {3});
  const TestTensor narrow(DType::kF32, {3, 6});
  const auto forward = [&](const TestTensor& loss, const TestTensor& rows, const TestTensor& lse,
                           const TestTensor& labels, const CrossEntropy& o) {
    kernels::cross_entropy_forward(s, loss, rows, lse, {}, c.logits, labels, o);
  };
  EXPECT_NO_THROW(forward(one, three, three, c.labels, {}));
  EXPECT_THROW(kernels::cross_entropy_forward(s, one, three, three, four, c.logits, c.labels, {}),
               Error);
  EXPECT_THROW(forward(three, three, three, c.labels, {}), Error);
  EXPECT_THROW(forward(one, four, three, c.labels, {}), Error);
  EXPECT_THROW(forward(one, three, four, c.labels, {}), Error);
  EXPECT_THROW(forward(one, three, three, wide, {}), Error);
  EXPECT_THROW(forward(one, three, three, c.labels, {.class_weights = three}), Error);
  EXPECT_THROW(forward(one, three, three, c.labels, {.class_weights = {}, .label_smoothing = 1.5}),
               Error);
  EXPECT_THROW(
      kernels::cross_entropy_backward(s, narrow, Grad::kAdd, one, c.logits, three, c.labels, {}),
      Error);
  EXPECT_THROW(kernels::cross_entropy_backward(s, c.logits, Grad::kAdd, three, c.logits, three,
                                               c.labels, {}),
               Error);
  EXPECT_THROW(
      kernels::cross_entropy_backward(s, c.logits, Grad::kAdd, one, c.logits, four, c.labels, {}),
      Error);
  EXPECT_THROW(kernels::cross_entropy_forward(s, one, three, three, {},
                                              TestTensor(DType::kI32, {3, 7}), c.labels, {}),
               Error);
  if (tested_device() == Device::kCpu) {
    EXPECT_THROW(kernels::cross_entropy_forward(s, one, three, three, {},
                                                TestTensor(DType::kF16, {3, 7}), c.labels, {}),
                 Error);
  }
  EXPECT_THROW(kernels::cross_entropy_forward(s, one, three, three, {},
                                              TestTensor(DType::kF32, {3, 0}), c.labels, {}),
               Error);
}

}  // namespace
}  // namespace albert::testing
