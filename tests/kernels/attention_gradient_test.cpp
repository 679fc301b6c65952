#include "tests/kernels/attention_case.h"
#include "tests/support/gradcheck.h"

namespace albert::testing {
namespace {

using kernels::Stream;
using Case = AttentionCase;

class AttentionGradient : public ::testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Dropouts, AttentionGradient, ::testing::Values(0.0, 0.4));

TEST_P(AttentionGradient, EqualsCentralDifferences) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  for (const auto isa : available_isas())
    for (auto& [q_lengths, k_lengths, heads, size] :
         std::vector<std::tuple<std::vector<int64_t>, std::vector<int64_t>, int64_t, int64_t>>{
             {{3, 5}, {3, 5}, 2, 3}, {{2, 1}, {66, 4}, 1, 2}, {{1}, {3}, 1, 70}}) {
      const TestDevice device(2, isa);
      Case c(DType::kF64, heads, size, q_lengths, k_lengths, GetParam());
      const auto loss = [&] {
        c.forward(device.stream());
        return projection(c.out, c.dout);
      };
      loss();
      auto dq = c.q.poisoned(), dkv = c.kv.poisoned();
      c.backward(device.stream(), dq, dkv);
      EXPECT_TRUE(close(dkv.values(), numeric_gradient(c.kv, loss), 1e-7));
      auto expected = numeric_gradient(c.q, loss);
      for (int64_t i = 0; i < dq.size(); ++i)
        if (i % (c.width + 3) < 3)
          dq.set(i, expected[static_cast<size_t>(i)] =
                        0);  // columns that are not q's stay as they were
      EXPECT_TRUE(close(dq.values(), expected, 1e-7));
      dq.check_sentinels();
      dkv.check_sentinels();
    }
}

struct Gradients {
  TestTensor dq, dkv;
};

// The gradients of `c` in f64, by the CPU.
Gradients exact_gradients(const Case& c) {
  const OnCpu cpu;
  Case wide(c);
  for (auto member : {&Case::q, &Case::kv, &Case::dout, &Case::out, &Case::lse})
    wide.*member = (c.*member).as_type(DType::kF64);
  Gradients g{TestTensor(DType::kF64, c.q.tensor().shape),
              TestTensor(DType::kF64, c.kv.tensor().shape)};
  wide.forward(cpu.stream());
  wide.backward(cpu.stream(), g.dq, g.dkv);
  return g;
}

TEST_P(AttentionGradient, OtherTypesAreNearF64) {
  for (const DType dtype : float_types()) {
    Case c(dtype, 2, 40, {70, 9}, GetParam());
    const Gradients exact = exact_gradients(c);
    on_every_stream([&](const Stream& s) {
      const TestTensor dq(dtype, {c.tq, c.width + 3}), dkv(dtype, {c.tk, 2 * c.width});
      c.forward(s);
      c.backward(s, dq, dkv);
      EXPECT_TRUE(close(dq.values(), exact.dq.values(), tolerance(dtype))) << dtype;
      EXPECT_TRUE(close(dkv.values(), exact.dkv.values(), tolerance(dtype))) << dtype;
    });
  }
}

// The gradients of q, k and v of an aligned case against f64 from the same rounded inputs.
void expect_near_f64(Case& c, DType dtype, bool with_error = true) {
  const Gradients exact = exact_gradients(c);
  on_every_stream([&](const Stream& s) {
    auto dq = TestTensor(dtype, {c.tq, c.width + 8}),
         dkv = TestTensor(dtype, {c.tk, 2 * c.width}).poisoned();
    c.forward(s);
    c.backward(s, dq, dkv, with_error ? c.out_error.tensor() : Tensor{});
    EXPECT_TRUE(close(dq.values(), exact.dq.values(), 2 * tolerance(dtype), 0.02))
        << dtype << " of " << c.size;
    EXPECT_TRUE(close(dkv.values(), exact.dkv.values(), 2 * tolerance(dtype), 0.02))
        << dtype << " of " << c.size;
    dq.check_sentinels();
    dkv.check_sentinels();
  });
}

// As AlignedHeadsEqualPlainLoops, backward. One sequence has a first, a middle and a last tile of
// keys.
TEST_P(AttentionGradient, AlignedHeadsAreNearF64) {
  for (const DType dtype : aligned_types()) {
    for (const int64_t size : {int64_t{64}, int64_t{128}})
      for (const std::vector<int64_t>& all :
           std::vector<std::vector<int64_t>>{{1}, {65, 0, 1}, {130}}) {
        Case c(dtype, 2, size, all, all, GetParam(), 0.3, 8);
        expect_near_f64(c, dtype);
      }
    Case c(dtype, 1, 64, {260}, {260}, GetParam(), 0.3, 8);
    expect_near_f64(c, dtype);
  }
}

TEST_P(AttentionGradient, AlignedHeadsWithFewerQueriesAreNearF64) {
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}}) {
      Case c(dtype, 2, size, {3, 0, 33}, {34, 5, 70}, GetParam(), 0.3, 8);
      expect_near_f64(c, dtype);
    }
}

TEST_P(AttentionGradient, AlignedHeadsWithoutTheErrorOfOutAreNearF64) {
  for (const DType dtype : aligned_types()) {
    Case c(dtype, 1, 64, {33, 3}, {33, 3}, GetParam(), 0.3, 8);
    expect_near_f64(c, dtype, false);
  }
}

// Scores of some -200: a key that does not exist, with its score of 0, would have a P beyond f32.
TEST(Attention, GradientsOfScoresFarBelowZeroStayFinite) {
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}}) {
      Case c(dtype, 1, size, {35}, {35}, 0, 0.1, 8);
      for (int64_t i = 0; i < c.q.size(); ++i) c.q.set(i, 5 + c.q.get(i));
      for (int64_t row = 0; row < c.tk; ++row)
        for (int64_t i = 0; i < c.width; ++i)
          c.kv.set(row * 2 * c.width + i, c.kv.get(row * 2 * c.width + i) - 5);
      const TestDevice device;
      const TestTensor dq(dtype, {c.tq, c.width + 8}), dkv(dtype, {c.tk, 2 * c.width});
      c.forward(device.stream());
      c.backward(device.stream(), dq, dkv);
      for (const TestTensor* gradient : {&dq, &dkv})
        for (const double v : gradient->values()) ASSERT_TRUE(std::isfinite(v)) << dtype;
    }
}

// Where the values of a sequence are nearly equal, a query's dP differ by less than the rounding of
// `out` moves them.
TEST(Attention, GradientsOfNearlyEqualValuesAreNearF64) {
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}}) {
      Case c(dtype, 1, size, {70, 20}, {70, 20}, 0, 0.3, 8);
      for (int64_t row = 0; row < c.tk; ++row)
        for (int64_t i = 0; i < c.width; ++i) {
          const int64_t at = row * 2 * c.width + c.width + i;
          c.kv.set(at, 1 + 0.1 * c.kv.get(at));
        }
      expect_near_f64(c, dtype);
    }
}

void expect_same_bits(Case c, DType dtype) {
  expect_threads_agree([&](const Stream& s) {
    c.forward(s);
    TestTensor dq(dtype, {c.tq, c.width + c.margin}), dkv(dtype, {c.tk, 2 * c.width});
    c.backward(s, dq, dkv);
    return std::vector<TestTensor>{c.out, c.lse, dq, dkv};
  });
}

TEST_P(AttentionGradient, ThreadsDoNotChangeABit) {
  for (const DType dtype : float_types()) {
    expect_same_bits(Case(dtype, 3, 20, {130, 5, 0, 64}, GetParam()), dtype);
    expect_same_bits(Case(dtype, 1, 150, {70, 3}, GetParam()), dtype);
  }
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}})
      expect_same_bits(Case(dtype, 1, size, {140, 5, 0, 33}, {140, 5, 0, 33}, GetParam(), 1, 8),
                       dtype);
}

}  // namespace
}  // namespace albert::testing
