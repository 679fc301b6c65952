#include "albert/kernels/optimizer.h"

#include <numeric>

#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::AdamRule;
using kernels::kUpdateBlock;
using kernels::Stream;
using kernels::UpdateFactors;
using kernels::UpdateTable;

enum class Rule { kAdamW, kLamb };

TestTensor i64_rows(int64_t width, const std::vector<int64_t>& values) {
  return TestTensor::of<int64_t>({static_cast<int64_t>(values.size()) / width, width}, values);
}

// What the learning rate of the parameter is multiplied by.
double rate_of(size_t parameter) { return parameter % 3 == 1 ? 0.25 : 1; }

// A flat range of parameters as the kernels take it.
struct Table {
  // Parameters of these sizes one after another; the odd ones do not decay.
  explicit Table(const std::vector<int64_t>& sizes) : Table(rows_of(sizes)) {}
  explicit Table(const kernels::UpdateRows& rows)
      : blocks(i64_rows(3, rows.blocks)), parameters(i64_rows(4, rows.parameters)) {}

  static kernels::UpdateRows rows_of(const std::vector<int64_t>& sizes) {
    kernels::UpdateRows rows;
    int64_t begin = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      rows.add(begin, sizes[i], i % 2 == 0, rate_of(i));
      begin += sizes[i];
    }
    return rows;
  }
  UpdateTable view() const { return {blocks, parameters}; }
  TestTensor blocks, parameters;
};

constexpr AdamRule kAdam{.eps = 1e-6, .weight_decay = 0.1};
constexpr UpdateFactors kPlain{.learning_rate = 0.01};

TestTensor tensor_of(const UpdateFactors& f) {
  return TestTensor::of<double>({4}, {f.gradient, f.m, f.v, f.learning_rate});
}

struct State {
  State(DType dtype, const std::vector<int64_t>& sizes, double scale = 0.05)
      : table(sizes),
        w(TestTensor::random(dtype, {std::accumulate(sizes.begin(), sizes.end(), int64_t{0})}, 1,
                             scale)),
        m(dtype, {w.size()}),
        v(dtype, {w.size()}) {}

  void update(const Stream& s, Rule rule, TestTensor& gradient, const AdamRule& adam,
              const UpdateFactors& by = kPlain, bool in_place = false) {
    const TestTensor factors = tensor_of(by);
    const UpdateTable rows = table.view();
    if (rule == Rule::kAdamW)
      return kernels::adamw_update(s, w, m, v, gradient, factors, rows, adam);
    auto scratch = w.poisoned();
    auto partials = TestTensor(DType::kF64, {rows.blocks.shape[0], 2}).poisoned();
    auto rates = TestTensor(DType::kF64, {rows.parameters.shape[0]}).poisoned();
    kernels::lamb_update(s, w, m, v, gradient, factors, in_place ? gradient : scratch, partials,
                         rates, rows, adam);
    for (const auto* t : {&scratch, &partials, &rates, &w, &m, &v, &gradient}) t->check_sentinels();
  }
  Table table;
  TestTensor w, m, v;
};

// The header's formulas in f64.
struct Oracle {
  Oracle(const State& s, const std::vector<int64_t>& parts)
      : w(s.w.values()), m(w.size()), v(w.size()), sizes(parts) {}

  void update(Rule rule, const TestTensor& gradient, const AdamRule& a,
              const UpdateFactors& by = kPlain) {
    size_t begin = 0;
    for (size_t p = 0; p < sizes.size(); ++p) {
      const size_t end = begin + static_cast<size_t>(sizes[p]);
      UpdateFactors own = by;
      own.learning_rate *= rate_of(p);
      update_part(rule, gradient, a, own, begin, end, p % 2 == 0);
      begin = end;
    }
  }

  void update_part(Rule rule, const TestTensor& gradient, const AdamRule& a,
                   const UpdateFactors& by, size_t begin, size_t end, bool decays) {
    std::vector<double> u(w.size());
    double ww = 0, uu = 0;
    for (size_t i = begin; i < end; ++i) {
      const double g = gradient.get(static_cast<int64_t>(i)) * by.gradient;
      m[i] = a.beta1 * m[i] + (1 - a.beta1) * g;
      v[i] = a.beta2 * v[i] + (1 - a.beta2) * g * g;
      u[i] = m[i] * by.m / (std::sqrt(v[i] * by.v) + a.eps);
      if (decays) u[i] += a.weight_decay * w[i];
      ww += w[i] * w[i];
      uu += u[i] * u[i];
    }
    const double ratio = rule == Rule::kLamb && decays && ww > 0 && uu > 0 ? std::sqrt(ww / uu) : 1;
    for (size_t i = begin; i < end; ++i) w[i] -= by.learning_rate * ratio * u[i];
  }
  std::vector<double> w, m, v;
  std::vector<int64_t> sizes;
};

UpdateFactors factors_of(int t, bool correct_bias, double gradient = 0.5) {
  if (!correct_bias) return {.gradient = gradient, .learning_rate = 0.01};
  return {gradient, 1 / (1 - std::pow(kAdam.beta1, t)), 1 / (1 - std::pow(kAdam.beta2, t)), 0.01};
}

using Sizes = std::vector<int64_t>;

class OptimizerTest : public ::testing::TestWithParam<std::tuple<Rule, DType, Sizes>> {
 protected:
  static Rule rule() { return std::get<0>(GetParam()); }
  static DType dtype() { return std::get<1>(GetParam()); }
  static Sizes sizes() { return std::get<2>(GetParam()); }
  static int64_t size() { return State(dtype(), sizes()).w.size(); }
};

TEST_P(OptimizerTest, FollowsTheFormulaForThreeSteps) {
  for (const bool correct_bias : {false, true})
    on_every_stream([&](const Stream& s) {
      State state(dtype(), sizes());
      Oracle oracle(state, sizes());
      for (int t = 1; t <= 3; ++t) {
        auto gradient = TestTensor::random(dtype(), {size()}, static_cast<uint32_t>(t), 0.3);
        const auto by = factors_of(t, correct_bias);
        oracle.update(rule(), gradient, kAdam, by);
        state.update(s, rule(), gradient, kAdam, by);
      }
      // f32: three steps of a few roundings each, and 1 - beta2 rounded to f32.
      const double tolerance = dtype() == DType::kF64 ? 1e-14 : 1e-6;
      EXPECT_TRUE(close(state.w.values(), oracle.w, tolerance));
      EXPECT_TRUE(close(state.m.values(), oracle.m, tolerance));
      EXPECT_TRUE(close(state.v.values(), oracle.v, tolerance));
      EXPECT_FALSE(close(state.w.values(), State(dtype(), sizes()).w.values(), 1e-3))
          << "weights did not move";
    });
}

TEST_P(OptimizerTest, ThreadsDoNotChangeABit) {
  expect_threads_agree([&](const Stream& s) {
    State state(dtype(), sizes());
    auto gradient = TestTensor::random(dtype(), {size()}, 7, 0.3);
    state.update(s, rule(), gradient, kAdam, factors_of(1, true));
    return std::vector<TestTensor>{state.w, state.m, state.v};
  });
}

TEST_P(OptimizerTest, ZeroWeightsAndZeroGradients) {
  const TestDevice device(2);
  for (const double weights : {0.0, 0.05})
    for (const double gradients : {0.0, 0.3}) {
      State state(dtype(), sizes(), weights);
      Oracle oracle(state, sizes());
      auto gradient = TestTensor::random(dtype(), {size()}, 7, gradients);
      auto adam = kAdam;
      if (gradients == 0 && weights != 0) adam.weight_decay = 0;  // |u| = 0
      oracle.update(rule(), gradient, adam);
      state.update(device.stream(), rule(), gradient, adam);
      EXPECT_TRUE(close(state.w.values(), oracle.w, dtype() == DType::kF64 ? 1e-14 : 1e-6));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, OptimizerTest,
    ::testing::Combine(::testing::Values(Rule::kAdamW, Rule::kLamb),
                       ::testing::Values(DType::kF32, DType::kF64),
                       ::testing::Values(Sizes{1}, Sizes{2}, Sizes{31}, Sizes{33},
                                         Sizes{64, 3, 128}, Sizes{2 * kUpdateBlock + 5},
                                         Sizes{7, kUpdateBlock, 12},
                                         Sizes{5, 1, 0, 30, kUpdateBlock + 1, 4})));

TEST(Optimizer, LambMayOverwriteTheGradient) {
  for (const DType dtype : {DType::kF32, DType::kF64})
    on_every_stream([&](const Stream& s) {
      State apart(dtype, {1003}), in_place(dtype, {1003});
      const auto gradient = TestTensor::random(dtype, {1003}, 7, 0.3);
      auto kept = gradient, overwritten = gradient;
      apart.update(s, Rule::kLamb, kept, kAdam, factors_of(1, true));
      in_place.update(s, Rule::kLamb, overwritten, kAdam, factors_of(1, true), true);
      EXPECT_TRUE(apart.w.same_bits(in_place.w));
      EXPECT_TRUE(apart.m.same_bits(in_place.m));
      EXPECT_TRUE(apart.v.same_bits(in_place.v));
      EXPECT_TRUE(kept.same_bits(gradient));
    });
}

TEST(Optimizer, LambMovesByTheRatioOfTheNorms) {
  const TestDevice device;
  State state(DType::kF64, {2});
  state.w = TestTensor::of<double>({2}, {3, 4});  // |w| = 5
  auto gradient = TestTensor::of<double>({2}, {1, -1});
  // Without history, beta 0 and eps 0: u = sign(g), |u| = sqrt 2.
  state.update(device.stream(), Rule::kLamb, gradient, {.beta1 = 0, .beta2 = 0, .eps = 0},
               {.learning_rate = 0.1});
  const double move = 0.1 * 5 / std::sqrt(2.0);
  EXPECT_TRUE(close(state.w.values(), std::vector{3 - move, 4 + move}, 1e-15));
}

// torch.optim.AdamW(lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1) in float64, PyTorch 2,
// after three steps.
TEST(Optimizer, EqualsPyTorch) {
  const TestDevice device;
  State state(DType::kF64, {4});
  state.w = TestTensor::of<double>({4}, {0.5, -1.0, 0.0, 2.0});
  const std::vector<std::vector<double>> gradients = {
      {0.1, -0.2, 0.3, 0.0}, {0.05, 0.4, -0.6, 0.0}, {-1.0, 0.25, 0.125, 0.0}};
  for (int t = 1; t <= 3; ++t) {
    auto gradient = TestTensor::of<double>({4}, gradients[static_cast<size_t>(t - 1)]);
    state.update(device.stream(), Rule::kAdamW, gradient, {.weight_decay = 0.1},
                 factors_of(t, true, 1));
  }
  const std::vector<double> torch = {0.48475773805176225, -0.9962687456915412,
                                     -0.004711484007320655, 1.994005998};
  EXPECT_TRUE(close(state.w.values(), torch, 1e-15));
}

TEST(Optimizer, NothingToUpdate) {
  const TestDevice device(2);
  for (const auto rule : {Rule::kAdamW, Rule::kLamb}) {
    State state(DType::kF32, {0});
    TestTensor gradient(DType::kF32, {0});
    state.update(device.stream(), rule, gradient, {});
  }
}

TEST(Optimizer, ChangesNothingWhereTheGradientsFactorIsNaN) {
  for (const auto rule : {Rule::kAdamW, Rule::kLamb})
    on_every_stream([&](const Stream& s) {
      State state(DType::kF32, {20, 21});
      const State before = state;
      auto gradient = TestTensor::random(DType::kF32, {41}, 3, 2);
      state.update(s, rule, gradient, kAdam, factors_of(1, true, std::nan("")));
      EXPECT_TRUE(state.w.same_bits(before.w));
      EXPECT_TRUE(state.m.same_bits(before.m));
      EXPECT_TRUE(state.v.same_bits(before.v));
    });
}

class MovingAverage : public ::testing::TestWithParam<DType> {};

TEST_P(MovingAverage, IsTheFormulaForAnyNumberOfThreads) {
  const DType dtype = GetParam();
  for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{7}, kUpdateBlock, 2 * kUpdateBlock + 5}) {
    const auto before = TestTensor::random(dtype, {n}, 1),
               value = TestTensor::random(dtype, {n}, 2);
    on_every_stream([&](const Stream& s) {
      TestTensor average = before;
      kernels::moving_average(s, average, value, tensor_of(kPlain), 0.75);
      average.check_sentinels();
      const auto a = average.values(), b = before.values(), v = value.values();
      for (size_t i = 0; i < a.size(); ++i)
        ASSERT_NEAR(a[i], 0.75 * b[i] + 0.25 * v[i], dtype == DType::kF64 ? 1e-15 : 1e-6) << i;
      TestTensor untouched = before;
      kernels::moving_average(s, untouched, value, tensor_of({.gradient = std::nan("")}), 0.75);
      EXPECT_TRUE(untouched.same_bits(before));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Types, MovingAverage, ::testing::Values(DType::kF32, DType::kF64));

TEST(Optimizer, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const Stream s = device.stream();
  Table table({5});
  const UpdateTable rows = table.view();
  const TestTensor a(DType::kF32, {5}), b(DType::kF32, {6}), d(DType::kF64, {5}),
      h(DType::kBF16, {5}), factors(DType::kF64, {4}), partials(DType::kF64, {1, 2}),
      rates(DType::kF64, {1});
  EXPECT_NO_THROW(kernels::lamb_update(s, a, TestTensor(a), TestTensor(a), TestTensor(a), factors,
                                       TestTensor(a), partials, rates, rows, {}));
  EXPECT_THROW(kernels::adamw_update(s, h, h, h, h, factors, rows, {}), Error);
  for (const auto* wrong : {&b, &d}) {
    EXPECT_THROW(kernels::adamw_update(s, a, *wrong, a, a, factors, rows, {}), Error);
    EXPECT_THROW(kernels::adamw_update(s, a, a, *wrong, a, factors, rows, {}), Error);
    EXPECT_THROW(kernels::adamw_update(s, a, a, a, *wrong, factors, rows, {}), Error);
    EXPECT_THROW(kernels::adamw_update(s, a, a, a, a, *wrong, rows, {}), Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, *wrong, factors, a, partials, rates, rows, {}),
                 Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, a, factors, *wrong, partials, rates, rows, {}),
                 Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, a, factors, a, *wrong, rates, rows, {}), Error);
    EXPECT_THROW(kernels::lamb_update(s, a, a, a, a, factors, a, partials, *wrong, rows, {}),
                 Error);
  }
  EXPECT_THROW(kernels::adamw_update(s, a, a, a, a, factors, {rows.blocks, partials}, {}), Error);
  for (const auto* wrong : {&b, &d, &h})
    EXPECT_THROW(kernels::moving_average(s, *wrong, a, factors, 0.5), Error);
  EXPECT_THROW(kernels::moving_average(s, a, a, partials, 0.5), Error);
  EXPECT_THROW(kernels::moving_average(s, a, a, factors, 1), Error);
}

}  // namespace
}  // namespace albert::testing
