#include "albert/kernels/layer_norm.h"

#include <utility>

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Dropout;
using kernels::Grad;
using kernels::Stream;

// All operands of one call.
struct Case {
  Case(DType dtype, int64_t rows, int64_t cols, bool with_residual, double p)
      : x(TestTensor::random(dtype, {rows, cols}, 1)),
        residual(TestTensor::random(dtype, {rows, cols}, 2)),
        gamma(TestTensor::random(dtype, {cols}, 3)),
        beta(TestTensor::random(dtype, {cols}, 4)),
        dy(TestTensor::random(dtype, {rows, cols}, 5)),
        y(x.poisoned()),
        mean(accumulator(dtype), {rows}),
        rstd(accumulator(dtype), {rows}),
        row_ids(DType::kI64, {rows}),
        has_residual(with_residual) {
    for (int64_t i = 0; i < rows; ++i) row_ids.set(i, static_cast<double>(100 + i));
    dropout = {p, 5, 6, 7, {}};
  }
  Dropout dropped() const {
    return {dropout.probability, dropout.seed, dropout.step, dropout.site, row_ids};
  }
  Tensor skip() const { return has_residual ? residual.tensor() : Tensor{}; }
  void forward(const Stream& s, double eps = 1e-12) {
    kernels::layer_norm_forward(s, y, mean, rstd, x, skip(), gamma, beta, eps, dropped());
  }
  void backward(const Stream& s, const TestTensor& dx, Grad dx_mode, const TestTensor& dskip,
                Grad dskip_mode, const TestTensor& dgamma, const TestTensor& dbeta) const {
    kernels::layer_norm_backward(s, dx, dx_mode, dskip, dskip_mode, dgamma, dbeta, dy, x, skip(),
                                 mean, rstd, gamma, dropped());
  }
  TestTensor x, residual, gamma, beta, dy, y, mean, rstd, row_ids;
  bool has_residual;
  Dropout dropout;  // without its row_ids
};

std::vector<double> oracle(const Case& c, double eps) {
  const int64_t rows = c.x.tensor().shape[0], cols = c.x.tensor().shape[1];
  std::vector<double> out;
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<double> h;
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < cols; ++i)
      h.push_back(c.x.get(r * cols + i) + (c.has_residual ? c.residual.get(r * cols + i) : 0));
    for (const double v : h) mean += v / static_cast<double>(cols);
    for (const double v : h) variance += (v - mean) * (v - mean) / static_cast<double>(cols);
    for (int64_t i = 0; i < cols; ++i)
      out.push_back((h[static_cast<size_t>(i)] - mean) / std::sqrt(variance + eps) *
                        c.gamma.get(i) +
                    c.beta.get(i));
  }
  return out;
}

TEST(LayerNorm, ForwardEqualsTheFormula) {
  for (const DType dtype : float_types())
    for (const int64_t cols : {2, 31, 33, 768, 1025, 3073})
      for (const bool residual : {false, true})
        on_every_stream([&](const Stream& s) {
          Case c(dtype, 5, cols, residual, 0);
          c.forward(s);
          const double tolerance = dtype == DType::kF64 ? 1e-12
                                   : dtype == DType::kF32
                                       ? 2e-5
                                       : 2 * unit_roundoff(dtype);  // two columns can nearly agree
          ASSERT_TRUE(close(c.y.values(), oracle(c, 1e-12), tolerance))
              << dtype << " cols " << cols;
          c.y.check_sentinels();
        });
}

TEST(LayerNorm, KeepsTheVarianceOfRowsFarFromZeroAndOfConstantRows) {
  on_every_stream([&](const Stream& s) {
    Case c(DType::kF32, 3, 4, false, 0);
    const std::vector<double> rows = {4096,  4096.5, 4097, 4095.5, 10000, 10000.5,
                                      10001, 9999.5, 3,    3,      3,     3};
    for (int64_t i = 0; i < 12; ++i) c.x.set(i, rows[static_cast<size_t>(i)]);
    c.forward(s, 1e-5);
    EXPECT_TRUE(close(c.y.values(), oracle(c, 1e-5), 2e-5));
  });
}

class LayerNormGradient : public ::testing::TestWithParam<std::tuple<bool, double>> {};
INSTANTIATE_TEST_SUITE_P(Variants, LayerNormGradient,
                         ::testing::Combine(::testing::Bool(), ::testing::Values(0.0, 0.3)));

TEST_P(LayerNormGradient, EqualsCentralDifferences) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  for (const auto isa : available_isas()) {
    const TestDevice device(2, isa);
    Case c(DType::kF64, 4, 70, std::get<0>(GetParam()), std::get<1>(GetParam()));
    const auto loss = [&] {
      c.forward(device.stream());
      return projection(c.y, c.dy);
    };
    loss();
    auto dx = c.x.poisoned(), dskip = c.x.poisoned();
    TestTensor dgamma(DType::kF64, {70}), dbeta(DType::kF64, {70});
    c.backward(device.stream(), dx, Grad::kAssign, dskip,
               c.has_residual ? Grad::kAssign : Grad::kIgnore, dgamma, dbeta);
    EXPECT_TRUE(close(dx.values(), numeric_gradient(c.x, loss), 1e-7));
    EXPECT_TRUE(close(dgamma.values(), numeric_gradient(c.gamma, loss), 1e-7));
    EXPECT_TRUE(close(dbeta.values(), numeric_gradient(c.beta, loss), 1e-7));
    if (c.has_residual) {
      EXPECT_TRUE(close(dskip.values(), numeric_gradient(c.residual, loss), 1e-7));
    }
  }
}

TEST_P(LayerNormGradient, ThreadsModesAndAccumulation) {
  Case c(DType::kF32, 37, 1100, std::get<0>(GetParam()), std::get<1>(GetParam()));
  const auto start = TestTensor::random(DType::kF32, {1100}, 8);
  const Grad skip_mode = c.has_residual ? Grad::kAssign : Grad::kIgnore;
  expect_threads_agree([&](const Stream& s) {
    c.forward(s);
    TestTensor dx(DType::kF32, {37, 1100}), dskip = dx, dgamma = start, dbeta = start;
    c.backward(s, dx, Grad::kAssign, dskip, skip_mode, dgamma, dbeta);
    return std::vector<TestTensor>{c.y, c.mean, c.rstd, dx, dskip, dgamma, dbeta};
  });
  const TestDevice device(2);
  c.forward(device.stream());
  const auto run = [&](const TestTensor& dx, Grad mode, const TestTensor& dskip, Grad other) {
    TestTensor dgamma(DType::kF32, {1100}), dbeta(DType::kF32, {1100});
    c.backward(device.stream(), dx, mode, dskip, other, dgamma, dbeta);
  };
  expect_grad_modes(DType::kF32, {37, 1100}, [&](const TestTensor& dx, Grad mode) {
    run(dx, mode, TestTensor(DType::kF32, {37, 1100}), skip_mode);
  });
  if (c.has_residual)
    expect_grad_modes(DType::kF32, {37, 1100}, [&](const TestTensor& dskip, Grad mode) {
      run(TestTensor(DType::kF32, {37, 1100}), Grad::kAssign, dskip, mode);
    });
  TestTensor once(DType::kF32, {1100}), twice = start, ignored(DType::kF32, {37, 1100});
  c.backward(device.stream(), ignored, Grad::kIgnore, ignored, Grad::kIgnore, once,
             TestTensor(DType::kF32, {1100}));
  c.backward(device.stream(), ignored, Grad::kIgnore, ignored, Grad::kIgnore, twice,
             TestTensor(DType::kF32, {1100}));
  auto expected = start.values();
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += once.get(static_cast<int64_t>(i));
  EXPECT_TRUE(close(twice.values(), expected, 1e-6));
}

TEST(LayerNorm, OutputMayBeTheInputAndRowsMayBeNone) {
  const TestDevice device(2);
  Case c(DType::kF32, 6, 50, true, 0.2);
  c.forward(device.stream());
  const auto apart = c.y;
  kernels::layer_norm_forward(device.stream(), c.residual, c.mean, c.rstd, c.x, c.residual, c.gamma,
                              c.beta, 1e-12, c.dropped());
  EXPECT_TRUE(apart.same_bits(c.residual));
  Case none(DType::kF32, 0, 50, true, 0);
  none.forward(device.stream());
}

struct Gradients {
  TestTensor dx, dskip, dgamma, dbeta;
};

Gradients gradients(const Stream& s, Case c) {
  const DType sums = accumulator(c.x.tensor().dtype);
  const Shape gain = c.gamma.tensor().shape;
  Gradients g{c.x.poisoned(), c.x.poisoned(), TestTensor(sums, gain), TestTensor(sums, gain)};
  c.forward(s);
  c.backward(s, g.dx, Grad::kAssign, g.dskip, c.has_residual ? Grad::kAssign : Grad::kIgnore,
             g.dgamma, g.dbeta);
  return g;
}

// The gradients of `c` in f64, by the CPU.
Gradients exact_gradients(const Case& c) {
  const OnCpu cpu;
  Case wide(c);
  for (auto member : {&Case::x, &Case::residual, &Case::gamma, &Case::beta, &Case::dy, &Case::y,
                      &Case::mean, &Case::rstd})
    wide.*member = (c.*member).as_type(DType::kF64);
  return gradients(cpu.stream(), wide);
}

TEST_P(LayerNormGradient, InOtherTypesIsNearF64) {
  for (const DType dtype : float_types()) {
    const Case c(dtype, 8, 130, std::get<0>(GetParam()), std::get<1>(GetParam()));
    const Gradients exact = exact_gradients(c);
    on_every_stream([&](const Stream& s) {
      const Gradients g = gradients(s, c);
      EXPECT_TRUE(close(g.dx.values(), exact.dx.values(), near_f64(dtype))) << dtype;
      if (c.has_residual) {
        EXPECT_TRUE(close(g.dskip.values(), exact.dskip.values(), near_f64(dtype))) << dtype;
      }
      EXPECT_TRUE(close(g.dgamma.values(), exact.dgamma.values(), 1e-5)) << dtype;
      EXPECT_TRUE(close(g.dbeta.values(), exact.dbeta.values(), 1e-5)) << dtype;
    });
  }
}

// The formulas of the header in f64.
struct BackwardOracle {
  explicit BackwardOracle(const Case& c)
      : dgamma(static_cast<size_t>(c.gamma.size())), dbeta(dgamma.size()) {
    const int64_t rows = c.mean.size(), cols = c.gamma.size();
    for (int64_t r = 0; r < rows; ++r) {
      std::vector<double> xhat, g;
      double mean = 0, variance = 0, mean_g = 0, mean_gx = 0;
      for (int64_t i = r * cols; i < (r + 1) * cols; ++i)
        xhat.push_back(c.x.get(i) + (c.has_residual ? c.residual.get(i) : 0));
      for (const double h : xhat) mean += h / static_cast<double>(cols);
      for (const double h : xhat) variance += (h - mean) * (h - mean) / static_cast<double>(cols);
      const double rstd = 1 / std::sqrt(variance + 1e-12);
      for (int64_t i = 0; i < cols; ++i) {
        const auto at = static_cast<size_t>(i);
        const double dy = c.dy.get(r * cols + i);
        xhat[at] = (xhat[at] - mean) * rstd;
        g.push_back(dy * c.gamma.get(i));
        dgamma[at] += dy * xhat[at];
        dbeta[at] += dy;
        mean_g += g[at] / static_cast<double>(cols);
        mean_gx += g[at] * xhat[at] / static_cast<double>(cols);
      }
      for (size_t i = 0; i < g.size(); ++i)
        dx.push_back(rstd * (g[i] - mean_g - xhat[i] * mean_gx));
    }
  }
  std::vector<double> dx, dgamma, dbeta;
};

// A GPU gives a row to as many warps as hold it, and a block walks rows: widths that fill one, two,
// four and eight warps and such that do not, with fewer rows than a block takes, and more.
constexpr std::pair<int64_t, int64_t> kWidths[] = {{1, 128},  {3, 8},    {67, 128}, {70, 768},
                                                   {5, 1024}, {21, 312}, {9, 2048}, {3, 4096},
                                                   {2, 5000}, {33, 33},  {4, 1030}};

TEST(LayerNorm, BackwardEqualsTheFormulaForAnyWidthAndNumberOfRows) {
  for (const DType dtype : float_types())
    for (const auto& [rows, cols] : kWidths) {
      Case c(dtype, rows, cols, true, 0);
      const BackwardOracle exact(c);
      // A bf16 row of 5000 adds up to 5000 products of about 1.
      const double sums = dtype == DType::kF64 ? 1e-12 : 2e-5;
      const double each = dtype == DType::kF64   ? 1e-12
                          : dtype == DType::kF32 ? 1e-5
                                                 : 2 * unit_roundoff(dtype);
      on_every_stream([&](const Stream& s) {
        c.forward(s);
        TestTensor dx(dtype, {rows, cols}), dskip = dx, dgamma(accumulator(dtype), {cols}),
                                            dbeta = dgamma;
        c.backward(s, dx, Grad::kAssign, dskip, Grad::kAssign, dgamma, dbeta);
        EXPECT_TRUE(close(dx.values(), exact.dx, each, 1)) << dtype << ' ' << rows << 'x' << cols;
        EXPECT_TRUE(dskip.same_bits(dx));
        EXPECT_TRUE(close(dgamma.values(), exact.dgamma, sums, 1)) << dtype << ' ' << cols;
        EXPECT_TRUE(close(dbeta.values(), exact.dbeta, sums, 1)) << dtype << ' ' << cols;
        for (const auto* t : {&dx, &dskip, &dgamma, &dbeta}) t->check_sentinels();
      });
    }
}

TEST(LayerNorm, RefusesWhatDoesNotFit) {
  const TestDevice device;
  Case c(DType::kF32, 2, 3, true, 0);
  c.gamma = TestTensor(DType::kF32, {4});
  EXPECT_THROW(c.forward(device.stream()), Error);
  Case d(DType::kBF16, 2, 3, true, 0);
  d.mean = TestTensor(DType::kBF16, {2});
  EXPECT_THROW(d.forward(device.stream()), Error);
}

}  // namespace
}  // namespace albert::testing
