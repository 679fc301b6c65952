#include "kernels/optimizer.h"

#include "kernels/global_norm.h"
#include "kernels/parallel.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::AdamStep;
using kernels::kNormBlock;
using kernels::Stream;

enum class Rule { kAdamW, kLamb };

struct State {
  State(DType dtype, int64_t n, double scale = 0.05)
      : w(TestTensor::random(dtype, {n}, 1, scale)), m(dtype, {n}), v(dtype, {n}) {}

  void update(const Stream& s, Rule rule, TestTensor& gradient, const AdamStep& step, bool in_place = false) {
    if (rule == Rule::kAdamW) return kernels::adamw_update(s, w, m, v, gradient, step);
    auto scratch = w.poisoned();
    auto partials = TestTensor(DType::kF64, {2 * kernels::blocks_of(w.size(), kNormBlock) + 2}).poisoned();
    kernels::lamb_update(s, w, m, v, gradient, in_place ? gradient : scratch, partials, step);
    for (const auto* t : {&scratch, &partials, &w, &m, &v, &gradient}) t->check_sentinels();
  }
  TestTensor w, m, v;
};

// The header's formulas in f64.
struct Oracle {
  explicit Oracle(const State& s) : w(s.w.values()), m(w.size()), v(w.size()) {}

  void update(Rule rule, const TestTensor& gradient, const AdamStep& s) {
    std::vector<double> u(w.size());
    double ww = 0, uu = 0;
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = gradient.get(static_cast<int64_t>(i)) * s.gradient_scale;
      m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
      v[i] = s.beta2 * v[i] + (1 - s.beta2) * g * g;
      u[i] = m[i] / s.bias_correction1 / (std::sqrt(v[i] / s.bias_correction2) + s.eps) + s.weight_decay * w[i];
      ww += w[i] * w[i];
      uu += u[i] * u[i];
    }
    const double ratio = rule == Rule::kLamb && ww > 0 && uu > 0 ? std::sqrt(ww / uu) : 1;
    for (size_t i = 0; i < w.size(); ++i) w[i] -= s.learning_rate * ratio * u[i];
  }
  std::vector<double> w, m, v;
};

AdamStep step_number(int t, bool correct_bias) {
  AdamStep s{.learning_rate = 0.01, .eps = 1e-6, .weight_decay = 0.1, .gradient_scale = 0.5};
  if (correct_bias) {
    s.bias_correction1 = 1 - std::pow(s.beta1, t);
    s.bias_correction2 = 1 - std::pow(s.beta2, t);
  }
  return s;
}

class OptimizerTest : public ::testing::TestWithParam<std::tuple<Rule, DType, int64_t>> {
 protected:
  static Rule rule() { return std::get<0>(GetParam()); }
  static DType dtype() { return std::get<1>(GetParam()); }
  static int64_t size() { return std::get<2>(GetParam()); }
};

TEST_P(OptimizerTest, FollowsTheFormulaForThreeSteps) {
  for (const bool correct_bias : {false, true})
    on_every_stream([&](const Stream& s) {
      State state(dtype(), size());
      Oracle oracle(state);
      for (int t = 1; t <= 3; ++t) {
        auto gradient = TestTensor::random(dtype(), {size()}, static_cast<uint32_t>(t), 0.3);
        const auto step = step_number(t, correct_bias);
        oracle.update(rule(), gradient, step);
        state.update(s, rule(), gradient, step);
      }
      // f32: three steps of a few roundings each, and 1 - beta2 rounded to f32.
      const double tolerance = dtype() == DType::kF64 ? 1e-14 : 1e-6;
      EXPECT_TRUE(close(state.w.values(), oracle.w, tolerance));
      EXPECT_TRUE(close(state.m.values(), oracle.m, tolerance));
      EXPECT_TRUE(close(state.v.values(), oracle.v, tolerance));
      EXPECT_FALSE(close(state.w.values(), State(dtype(), size()).w.values(), 1e-3)) << "weights did not move";
    });
}

TEST_P(OptimizerTest, ThreadsDoNotChangeABit) {
  expect_threads_agree([&](const Stream& s) {
    State state(dtype(), size());
    auto gradient = TestTensor::random(dtype(), {size()}, 7, 0.3);
    state.update(s, rule(), gradient, step_number(1, true));
    return std::vector<TestTensor>{state.w, state.m, state.v};
  });
}

TEST_P(OptimizerTest, ZeroWeightsAndZeroGradients) {
  const TestDevice device(2);
  for (const double weights : {0.0, 0.05})
    for (const double gradients : {0.0, 0.3}) {
      State state(dtype(), size(), weights);
      Oracle oracle(state);
      auto gradient = TestTensor::random(dtype(), {size()}, 7, gradients);
      auto step = step_number(1, false);
      if (gradients == 0 && weights != 0) step.weight_decay = 0;  // |u| = 0
      oracle.update(rule(), gradient, step);
      state.update(device.stream(), rule(), gradient, step);
      EXPECT_TRUE(close(state.w.values(), oracle.w, dtype() == DType::kF64 ? 1e-14 : 1e-6));
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, OptimizerTest,
                         ::testing::Combine(::testing::Values(Rule::kAdamW, Rule::kLamb),
                                            ::testing::Values(DType::kF32, DType::kF64),
                                            ::testing::Values(1, 2, 31, 33, 2 * kNormBlock + 5)));

TEST(Optimizer, LambMayOverwriteTheGradient) {
  for (const DType dtype : {DType::kF32, DType::kF64})
    on_every_stream([&](const Stream& s) {
      State apart(dtype, 1003), in_place(dtype, 1003);
      const auto gradient = TestTensor::random(dtype, {1003}, 7, 0.3);
      auto kept = gradient, overwritten = gradient;
      apart.update(s, Rule::kLamb, kept, step_number(1, true));
      in_place.update(s, Rule::kLamb, overwritten, step_number(1, true), true);
      EXPECT_TRUE(apart.w.same_bits(in_place.w));
      EXPECT_TRUE(apart.m.same_bits(in_place.m));
      EXPECT_TRUE(apart.v.same_bits(in_place.v));
      EXPECT_TRUE(kept.same_bits(gradient));
    });
}

TEST(Optimizer, LambMovesByTheRatioOfTheNorms) {
  const TestDevice device;
  State state(DType::kF64, 2);
  state.w = TestTensor::of<double>({2}, {3, 4});  // |w| = 5
  auto gradient = TestTensor::of<double>({2}, {1, -1});
  // Without history, beta 0 and eps 0: u = sign(g), |u| = sqrt 2.
  state.update(device.stream(), Rule::kLamb, gradient, {.learning_rate = 0.1, .beta1 = 0, .beta2 = 0, .eps = 0});
  const double move = 0.1 * 5 / std::sqrt(2.0);
  EXPECT_TRUE(close(state.w.values(), std::vector{3 - move, 4 + move}, 1e-15));
}

// torch.optim.AdamW(lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1) in float64, PyTorch 2, after three steps.
TEST(Optimizer, EqualsPyTorch) {
  const TestDevice device;
  State state(DType::kF64, 4);
  state.w = TestTensor::of<double>({4}, {0.5, -1.0, 0.0, 2.0});
  const std::vector<std::vector<double>> gradients = {
      {0.1, -0.2, 0.3, 0.0}, {0.05, 0.4, -0.6, 0.0}, {-1.0, 0.25, 0.125, 0.0}};
  for (int t = 1; t <= 3; ++t) {
    auto gradient = TestTensor::of<double>({4}, gradients[static_cast<size_t>(t - 1)]);
    state.update(device.stream(), Rule::kAdamW, gradient,
                 {.learning_rate = 0.01,
                  .weight_decay = 0.1,
                  .bias_correction1 = 1 - std::pow(0.9, t),
                  .bias_correction2 = 1 - std::pow(0.999, t)});
  }
  const std::vector<double> torch = {0.48475773805176225, -0.9962687456915412, -0.004711484007320655, 1.994005998};
  EXPECT_TRUE(close(state.w.values(), torch, 1e-15));
}

TEST(Optimizer, NothingToUpdate) {
  const TestDevice device(2);
  for (const auto rule : {Rule::kAdamW, Rule::kLamb}) {
    State state(DType::kF32, 0);
    TestTensor gradient(DType::kF32, {0});
    state.update(device.stream(), rule, gradient, {.learning_rate = 1});
  }
}

TEST(Optimizer, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const Stream s = device.stream();
  const TestTensor a(DType::kF32, {5}), b(DType::kF32, {6}), d(DType::kF64, {5}), h(DType::kBF16, {5}),
      partials(DType::kF64, {4});
  EXPECT_NO_THROW(kernels::lamb_update(s, a, TestTensor(a), TestTensor(a), TestTensor(a), TestTensor(a), partials, {}));
  EXPECT_THROW(kernels::adamw_update(s, h, h, h, h, {}), Error);
  for (const auto* wrong : {&b, &d}) {
    EXPECT_THROW(kernels::adamw_update(s, a, *wrong, a, a, {}), Error);
    EXPECT_THROW(kernels::adamw_update(s, a, a, *wrong, a, {}), Error);
    EXPECT_THROW(kernels::adamw_update(s, a, a, a, *wrong, {}), Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, *wrong, a, partials, {}), Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, a, *wrong, partials, {}), Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, a, a, *wrong, {}), Error);
  }
}

}  // namespace
}  // namespace albert::testing
