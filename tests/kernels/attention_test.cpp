#include "albert/kernels/attention.h"

#include "albert/kernels/philox.h"
#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::AttentionShape;
using kernels::Columns;
using kernels::Dropout;
using kernels::Stream;

TestTensor offsets(const std::vector<int64_t>& lengths) {
  std::vector<int32_t> cu = {0};
  for (const int64_t n : lengths) cu.push_back(cu.back() + static_cast<int32_t>(n));
  return TestTensor::of<int32_t>({static_cast<int64_t>(cu.size())}, cu);
}

// A packed batch: queries in a matrix of their own, k and v as halves of another, in the middle of
// wider ones.
struct Case {
  Case(DType dtype, int64_t heads_, int64_t size_, const std::vector<int64_t>& q_lengths,
       const std::vector<int64_t>& k_lengths, double p = 0, double scale = 1, int64_t margin_ = 3)
      : margin(margin_),
        heads(heads_),
        size(size_),
        width(heads * size),
        cu_q(offsets(q_lengths)),
        cu_k(offsets(k_lengths)),
        tq(static_cast<int64_t>(cu_q.get(cu_q.size() - 1))),
        tk(static_cast<int64_t>(cu_k.get(cu_k.size() - 1))),
        q(TestTensor::random(dtype, {tq, width + margin}, 1, scale)),
        kv(TestTensor::random(dtype, {tk, 2 * width}, 2, scale)),
        dout(TestTensor::random(dtype, {tq, width}, 3)),
        out(TestTensor(dtype, {tq, width}).poisoned()),
        out_error(TestTensor(DType::kBF16, {tq, width}).poisoned()),
        lse(accumulator(dtype), {heads, tq}),
        positions(DType::kI32, {tq}),
        row_ids(DType::kI64, {tq}) {
    for (size_t b = 0, row = 0; b < q_lengths.size(); ++b)
      for (int64_t i = 0; i < q_lengths[b]; ++i, ++row) {
        positions.set(static_cast<int64_t>(row), static_cast<double>(i));
        row_ids.set(static_cast<int64_t>(row),
                    static_cast<double>(1000 * b + static_cast<size_t>(i)));
      }
    dropout = {p, 3, 4, 5, {}};
    for (const auto& lengths : {q_lengths, k_lengths})
      for (const int64_t n : lengths) longest = std::max(longest, n);
  }
  explicit Case(DType dtype, int64_t heads_, int64_t size_, const std::vector<int64_t>& lengths,
                double p = 0)
      : Case(dtype, heads_, size_, lengths, lengths, p) {}

  AttentionShape shape() const { return {heads, size, cu_q, cu_k, positions, longest}; }
  Dropout dropped() const {
    return {dropout.probability, dropout.seed, dropout.step, dropout.site, row_ids};
  }
  void forward(const Stream& s, Tensor probabilities = {}) {
    kernels::attention_forward(s, out, out_error, lse, probabilities, {q, margin}, {kv, 0},
                               {kv, width}, shape(), dropped());
  }
  void backward(const Stream& s, const TestTensor& dq, const TestTensor& dkv) const {
    backward(s, dq, dkv, out_error);
  }
  void backward(const Stream& s, const TestTensor& dq, const TestTensor& dkv, Tensor error) const {
    const size_t bytes =
        kernels::attention_backward_workspace(s, q.tensor().dtype, tq, tk, shape());
    const auto workspace =
        TestTensor(DType::kF32, {static_cast<int64_t>(bytes / sizeof(float))}).poisoned();
    kernels::attention_backward(s, {dq, margin}, {dkv, 0}, {dkv, width}, dout, out, error,
                                {q, margin}, {kv, 0}, {kv, width}, lse, workspace, shape(),
                                dropped());
    workspace.check_sentinels();
  }
  int64_t margin;  // columns before q's
  int64_t heads, size, width;
  TestTensor cu_q, cu_k;
  int64_t tq, tk;
  TestTensor q, kv, dout, out, out_error, lse, positions, row_ids;
  int64_t longest = 0;  // of both sides
  Dropout dropout;      // without its row_ids
};

// out by plain loops in f64, without dropout; calls probability(b, h, i, j, p) for each.
template <class Visit>
std::vector<double> oracle(const Case& c, const Visit& probability) {
  std::vector<double> out(static_cast<size_t>(c.tq * c.width), 0.0);
  for (int64_t b = 0; b + 1 < c.cu_q.size(); ++b)
    for (int64_t h = 0; h < c.heads; ++h)
      for (auto i = static_cast<int64_t>(c.cu_q.get(b));
           i < static_cast<int64_t>(c.cu_q.get(b + 1)); ++i) {
        const auto first = static_cast<int64_t>(c.cu_k.get(b)),
                   last = static_cast<int64_t>(c.cu_k.get(b + 1));
        std::vector<double> p;
        double most = -INFINITY, total = 0;
        for (int64_t j = first; j < last; ++j) {
          double s = 0;
          for (int64_t d = 0; d < c.size; ++d)
            s += c.q.get(i * (c.width + c.margin) + c.margin + h * c.size + d) *
                 c.kv.get(j * 2 * c.width + h * c.size + d);
          p.push_back(s / std::sqrt(static_cast<double>(c.size)));
          most = std::max(most, p.back());
        }
        for (double& v : p) total += v = std::exp(v - most);
        for (int64_t j = first; j < last; ++j) {
          const double share = p[static_cast<size_t>(j - first)] / total;
          probability(b, h, i - static_cast<int64_t>(c.cu_q.get(b)), j - first, share);
          for (int64_t d = 0; d < c.size; ++d)
            out[static_cast<size_t>(i * c.width + h * c.size + d)] +=
                share * c.kv.get(j * 2 * c.width + c.width + h * c.size + d);
        }
      }
  return out;
}
const auto kNothing = [](int64_t, int64_t, int64_t, int64_t, double) {};

double tolerance(DType t) {
  return t == DType::kF64 ? 1e-13 : t == DType::kF32 ? 3e-6 : unit_roundoff(t);
}

struct Sizes {
  int64_t heads, size;
  std::vector<int64_t> lengths;
};
const Sizes kSizes[] = {{1, 1, {1}},       {3, 5, {2, 31, 1}},  {2, 8, {33, 0, 64, 7}},
                        {12, 32, {65, 3}}, {1, 64, {127, 200}}, {2, 128, {70, 1, 9}},
                        {1, 160, {66, 5}}, {1, 300, {10, 129}}, {2, 16, {513}},
                        {6, 70, {130}}};

TEST(Attention, ForwardEqualsPlainLoops) {
  for (const DType dtype : float_types())
    for (const Sizes& sizes : kSizes) {
      Case c(dtype, sizes.heads, sizes.size, sizes.lengths);
      const auto expected = oracle(c, kNothing);
      on_every_stream([&](const Stream& s) {
        c.out = c.out.poisoned();
        c.forward(s);
        ASSERT_TRUE(close(c.out.values(), expected, tolerance(dtype)))
            << dtype << " head size " << sizes.size;
        c.out.check_sentinels();
        c.lse.check_sentinels();
      });
    }
}

// What the tests of aligned heads are about: on a GPU, the types its tensor cores take.
std::vector<DType> aligned_types() {
  std::vector<DType> types;
  for (const DType dtype : float_types())
    if (tested_device() == Device::kCpu || size_of(dtype) == 2) types.push_back(dtype);
  return types;
}

// Rows that begin at 16 bytes, as in a model: what a GPU's tensor cores want, for the head sizes
// they take.
TEST(Attention, AlignedHeadsEqualPlainLoops) {
  const std::vector<std::vector<int64_t>> lengths = {
      {1},        {63, 2},      {64},
      {65, 0, 1}, {17, 128, 3}, {31, 33},
      {129},      {260, 1},     {1, 1, 2, 1, 1, 3, 1, 1, 1, 1, 40}};
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}})
      for (const auto& all : lengths) {
        Case c(dtype, 2, size, all, all, 0, 1, 8);
        const auto expected = oracle(c, kNothing);
        on_every_stream([&](const Stream& s) {
          c.out = c.out.poisoned();
          c.forward(s);
          ASSERT_TRUE(close(c.out.values(), expected, tolerance(dtype)))
              << dtype << " head size " << size;
          c.out.check_sentinels();
          c.lse.check_sentinels();
        });
      }
}

TEST(Attention, AlignmentChangesRoundingAlone) {
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}}) {
      Case aligned(dtype, 2, size, {66, 1, 130}, {66, 1, 130}, 0.3, 1, 8),
          plain(dtype, 2, size, {66, 1, 130}, 0.3);
      for (int64_t row = 0; row < plain.tq; ++row)
        for (int64_t i = 0; i < plain.width; ++i)
          aligned.q.set(row * (plain.width + 8) + 8 + i,
                        plain.q.get(row * (plain.width + 3) + 3 + i));
      on_every_stream([&](const Stream& s) {
        aligned.forward(s);
        plain.forward(s);
        EXPECT_TRUE(close(aligned.out.values(), plain.out.values(), 2 * tolerance(dtype))) << dtype;
        EXPECT_TRUE(
            close(aligned.lse.values(), plain.lse.values(), dtype == DType::kF64 ? 1e-14 : 1e-6))
            << dtype;
      });
    }
}

// More heads than a GPU is filled with: a block then computes several tiles of queries.
TEST(Attention, AlignedHeadsInManySequences) {
  std::vector<int64_t> lengths(256, 1);
  lengths[250] = 260;
  for (const DType dtype : aligned_types()) {
    Case c(dtype, 2, 64, lengths, lengths, 0, 1, 8);
    const auto expected = oracle(c, kNothing);
    const TestDevice device;
    c.forward(device.stream());
    EXPECT_TRUE(close(c.out.values(), expected, tolerance(dtype))) << dtype;
  }
}

TEST(Attention, FewerQueriesThanKeys) {
  for (const DType dtype : float_types()) {
    Case c(dtype, 2, 8, {1, 0, 3}, {70, 5, 66});
    const auto expected = oracle(c, kNothing);
    on_every_stream([&](const Stream& s) {
      c.forward(s);
      EXPECT_TRUE(close(c.out.values(), expected, tolerance(dtype))) << dtype;
    });
  }
}

TEST(Attention, ProbabilitiesOnRequest) {
  for (const DType dtype : float_types()) {
    Case c(dtype, 3, 8, {66, 2, 130});
    const int64_t length = 131;
    std::vector<double> expected(static_cast<size_t>(3 * 3 * length * length), 0.0);
    oracle(c, [&](int64_t b, int64_t h, int64_t i, int64_t j, double p) {
      expected[static_cast<size_t>(((b * 3 + h) * length + i) * length + j)] = p;
    });
    on_every_stream([&](const Stream& s) {
      TestTensor probabilities(dtype, {3, 3, length, length});
      c.forward(s, probabilities);
      ASSERT_TRUE(close(probabilities.values(), expected,
                        dtype == DType::kF64   ? 1e-13
                        : dtype == DType::kF32 ? 2e-6
                                               : unit_roundoff(dtype)));
      probabilities.check_sentinels();
    });
  }
}

TEST(Attention, DropoutIsPhiloxOfQueryHeadAndKey) {
  Case c(widest_type(), 2, 4, {150, 70}, 0.5);
  std::vector<double> expected(2 * 2 * 150 * 150, 0.0);
  oracle(c, [&](int64_t b, int64_t h, int64_t i, int64_t j, double p) {
    const int64_t column = h * 65536 + j;
    const auto row_id =
        static_cast<int64_t>(c.row_ids.get(static_cast<int64_t>(c.cu_q.get(b)) + i));
    const auto block = kernels::dropout_block(c.dropout.seed, c.dropout.step, c.dropout.site,
                                              row_id, static_cast<uint32_t>(column / 4));
    expected[static_cast<size_t>(((b * 2 + h) * 150 + i) * 150 + j)] =
        block.word[column % 4] >= kernels::dropout_threshold(0.5) ? 2 * p : 0;
  });
  on_every_stream([&](const Stream& s) {
    TestTensor probabilities(widest_type(), {2, 2, 150, 150});
    c.forward(s, probabilities);
    EXPECT_TRUE(close(probabilities.values(), expected, tolerance(widest_type())));
  });
}

TEST(Attention, LargeScoresStayFinite) {
  Case c(DType::kF32, 2, 16, {90, 3}, {90, 3}, 0, 60);  // scores of some +-1e4
  const auto expected = oracle(c, kNothing);
  on_every_stream([&](const Stream& s) {
    c.forward(s);
    EXPECT_TRUE(close(c.out.values(), expected, 2e-2));  // a score of 1e4 has an ulp of 1e-3
    TestTensor dq(DType::kF32, {c.tq, c.width + 3}), dkv(DType::kF32, {c.tk, 2 * c.width});
    c.backward(s, dq, dkv);
    for (const double v : dkv.values()) ASSERT_TRUE(std::isfinite(v));
  });
}

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

TEST(Attention, ASequencesDropoutMovesWithIt) {
  Case together(widest_type(), 2, 4, {5, 7}, 0.5), alone(widest_type(), 2, 4, {7}, 0.5);
  for (int64_t i = 0; i < alone.q.size(); ++i) alone.q.set(i, together.q.get(5 * 11 + i));
  for (int64_t i = 0; i < alone.kv.size(); ++i) alone.kv.set(i, together.kv.get(5 * 16 + i));
  for (int64_t i = 0; i < 7; ++i) alone.row_ids.set(i, together.row_ids.get(5 + i));
  const TestDevice device;
  together.forward(device.stream());
  alone.forward(device.stream());
  for (int64_t i = 0; i < alone.out.size(); ++i)
    ASSERT_EQ(alone.out.get(i), together.out.get(5 * 8 + i));
}

TEST(Attention, RefusesWhatDoesNotFit) {
  const TestDevice device;
  Case c(DType::kF32, 2, 4, {5, 7});
  c.cu_k = TestTensor(DType::kI32, {2});
  EXPECT_THROW(c.forward(device.stream()), Error);
  Case d(DType::kF32, 2, 4, {5, 7});
  d.kv = TestTensor(DType::kF32, {12, 15});
  EXPECT_THROW(d.forward(device.stream()), Error);
  Case e(DType::kBF16, 2, 4, {5});
  e.lse = TestTensor(DType::kBF16, {2, 5});
  EXPECT_THROW(e.forward(device.stream()), Error);
  Case f(DType::kF32, 2, 4, {5});
  EXPECT_THROW(f.forward(device.stream(), TestTensor(DType::kF32, {1, 2, 5, 6})), Error);
  Case g(DType::kF32, 2, 4, {5});
  g.out_error = TestTensor(DType::kF32, {5, 8});
  EXPECT_THROW(g.forward(device.stream()), Error);
}

}  // namespace
}  // namespace albert::testing
