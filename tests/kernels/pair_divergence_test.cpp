#include "albert/kernels/pair_divergence.h"

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Grad;
using kernels::Stream;

constexpr int64_t kSequences = 7;
// Of one row are 1 and 5, their divergence is 0; 4 has no partner.
const std::vector<int32_t> kPartners{3, 5, 6, 0, -1, 1, 2};

std::vector<int32_t> offsets(int32_t longest) {
  std::vector<int32_t> cu{0};
  for (const int32_t length : {longest, 1, 9, longest, longest, 1, 9})
    cu.push_back(cu.back() + length);
  return cu;
}

struct Case {
  explicit Case(DType dtype, int64_t cols = 2, int32_t longest = 41)
      : cu(TestTensor::of<int32_t>({kSequences + 1}, offsets(longest))),
        logits(TestTensor::random(dtype, {offsets(longest).back(), cols}, 1, 2.0)),
        partners(TestTensor::of<int32_t>({kSequences}, kPartners)),
        weights(random_eighths({kSequences, cols}, 2)),
        scale(DType::kF64, {cols}),
        dloss(accumulator(dtype), {1}) {
    for (int64_t c = 0; c < cols; ++c) {
      scale.set(c, 0.25 + 0.5 * static_cast<double>(c));
      if (c > 0) weights.set(2 * cols + c, 0);
      for (int64_t b = 0; b < 3; ++b)
        weights.set(kPartners[static_cast<size_t>(b)] * cols + c, weights.get(b * cols + c));
    }
    dloss.set(0, 1.25);
  }
  // loss, log_sum_exp, divergence
  std::vector<TestTensor> forward(const Stream& s) const {
    const Shape columns = weights.tensor().shape;
    std::vector<TestTensor> out{dloss.poisoned(), TestTensor(DType::kF64, columns).poisoned(),
                                TestTensor(DType::kF64, columns).poisoned()};
    kernels::pair_divergence_forward(s, out[0], out[1], out[2], logits, cu, partners, weights,
                                     scale);
    for (const auto& t : out) t.check_sentinels();
    return out;
  }
  void backward(const Stream& s, const TestTensor& dlogits, Grad mode) const {
    const auto f = forward(s);
    kernels::pair_divergence_backward(s, dlogits, mode, dloss, logits, f[1], f[2], cu, partners,
                                      weights, scale);
    dlogits.check_sentinels();
  }
  TestTensor gradient(const Stream& s) const {
    auto dlogits = logits.poisoned();
    backward(s, dlogits, Grad::kAssign);
    return dlogits;
  }

  TestTensor cu, logits, partners, weights, scale, dloss;
};

// The log of the soft-max of column c of sequence b.
std::vector<double> log_softmax(const Case& k, int64_t b, int64_t c) {
  const int64_t cols = k.scale.size();
  std::vector<double> logs;
  double sum = 0;
  for (auto row = static_cast<int64_t>(k.cu.get(b)); row < k.cu.get(b + 1); ++row) {
    logs.push_back(k.logits.get(row * cols + c));
    sum += std::exp(logs.back());
  }
  for (double& log : logs) log -= std::log(sum);
  return logs;
}

double expected_loss(const Case& k) {
  const int64_t cols = k.scale.size();
  double loss = 0;
  for (int64_t b = 0; b < kSequences; ++b)
    for (int64_t c = 0; c < cols; ++c) {
      const int32_t partner = kPartners[static_cast<size_t>(b)];
      if (partner < 0) continue;
      const auto p = log_softmax(k, b, c), q = log_softmax(k, partner, c);
      for (size_t i = 0; i < p.size(); ++i)
        loss += k.scale.get(c) * k.weights.get(b * cols + c) * std::exp(p[i]) * (p[i] - q[i]);
    }
  return loss;
}

class PairDivergenceTest : public ::testing::TestWithParam<DType> {};

TEST_P(PairDivergenceTest, EqualsTheFormula) {
  for (const int64_t cols : {1, 2, 3})
    for (const int32_t longest : {2, 41, 700}) {
      const Case c(GetParam(), cols, longest);
      on_every_stream([&](const Stream& s) {
        EXPECT_NEAR(c.forward(s)[0].get(0) / expected_loss(c), 1,
                    GetParam() == DType::kF64 ? 1e-12 : 1e-6);
      });
    }
}

TEST_P(PairDivergenceTest, GradModesAndThreads) {
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

// The formula's gradient is that of the widest type, whose own is checked by differences.
TEST_P(PairDivergenceTest, GradientIsNearThatOfTheWidestType) {
  const Case c(GetParam());
  Case wide(widest_type());
  for (int64_t i = 0; i < c.logits.size(); ++i) wide.logits.set(i, c.logits.get(i));
  const TestDevice device;
  const auto expected = wide.gradient(device.stream()).values();
  on_every_stream([&](const Stream& s) {
    EXPECT_TRUE(close(c.gradient(s).values(), expected, 2 * near_f64(GetParam()), 1e-3));
  });
}

INSTANTIATE_TEST_SUITE_P(Types, PairDivergenceTest, ::testing::ValuesIn(float_types()));

TEST(PairDivergence, GradientsAreThoseOfTheForward) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  const TestDevice device(2);
  Case c(DType::kF64);
  const auto analytic = c.gradient(device.stream());
  const auto f = [&] { return projection(c.forward(device.stream())[0], c.dloss); };
  EXPECT_TRUE(close(analytic.values(), numeric_gradient(c.logits, f), 1e-8));
}

TEST(PairDivergence, RowsOfAMatrixAreSequencesToo) {
  on_every_stream([&](const Stream& s) {
    Case c(widest_type(), 1, 9);
    c.cu = TestTensor::of<int32_t>({3}, {0, 2, 4});
    c.logits = TestTensor::of<double>({4, 1}, {0, std::log(3.0), 0, 0});
    if (widest_type() == DType::kF32)
      c.logits = TestTensor::of<float>({4, 1}, {0, std::log(3.0F), 0, 0});
    c.partners = TestTensor::of<int32_t>({2}, {1, 0});
    c.weights = TestTensor::of<float>({2, 1}, {1, 1});
    c.scale = TestTensor::of<double>({1}, {1});
    // (1/4, 3/4) and (1/2, 1/2): the sum of both divergences is sum of (p - q) (log p - log q).
    EXPECT_NEAR(c.forward(s)[0].get(0), 0.25 * std::log(3.0), 1e-6);
  });
}

// In f32 the difference of two such soft-maxes would be lost in its own roundings.
TEST(PairDivergence, OfNearlyEqualPairsIsNotLost) {
  on_every_stream([&](const Stream& s) {
    Case c(DType::kF32, 1, 9);
    for (int64_t i = 0; i < c.logits.size(); ++i) c.logits.set(i, i % 9);
    c.logits.set(0, 0.001);
    const double loss = c.forward(s)[0].get(0);
    EXPECT_NEAR(loss / expected_loss(c), 1, 1e-6);
    EXPECT_GT(loss, 0);
  });
}

TEST(PairDivergence, WithoutAPartnerThereIsNoGradient) {
  for (const DType dtype : float_types())
    on_every_stream([&](const Stream& s) {
      const Case c(dtype);
      const auto dlogits = c.gradient(s);
      for (int64_t i = 2 * static_cast<int64_t>(c.cu.get(4)); i < 2 * c.cu.get(5); ++i)
        ASSERT_EQ(dlogits.get(i), 0) << i;
    });
}

TEST(PairDivergence, PartnersThatAreNoneGiveNaNAndTouchNothing) {
  on_every_stream([&](const Stream& s) {
    for (const int32_t partner : {4, 7, 1 << 30}) {  // of another length; beyond the last
      Case c(widest_type());
      c.partners.set(1, partner);
      EXPECT_TRUE(std::isnan(c.forward(s)[0].get(0))) << partner;
      const auto dlogits = c.gradient(s);
      EXPECT_TRUE(std::isnan(dlogits.get(2 * 41))) << partner;
      EXPECT_FALSE(std::isnan(dlogits.get(0))) << partner;
    }
  });
}

TEST(PairDivergence, NaNStaysNaN) {
  on_every_stream([&](const Stream& s) {
    Case c(widest_type());
    c.logits.set(0, NAN);
    EXPECT_TRUE(std::isnan(c.forward(s)[0].get(0)));
    EXPECT_TRUE(std::isnan(c.gradient(s).get(2)));
  });
}

TEST(PairDivergence, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  for (int wrong = 0; wrong < 5; ++wrong) {
    Case c(DType::kF32);
    if (wrong == 0) c.cu = TestTensor(DType::kI64, {kSequences + 1});
    if (wrong == 1) c.partners = TestTensor(DType::kI32, {kSequences - 1});
    if (wrong == 2) c.weights = TestTensor(DType::kF64, {kSequences, 2});
    if (wrong == 3) c.scale = TestTensor(DType::kF64, {3});
    if (wrong == 4) c.dloss = TestTensor(DType::kF64, {1});
    EXPECT_THROW(c.forward(device.stream()), Error) << wrong;
  }
  const Case c(DType::kF32);
  EXPECT_THROW(c.backward(device.stream(), c.weights, Grad::kAdd), Error);
}

}  // namespace
}  // namespace albert::testing
