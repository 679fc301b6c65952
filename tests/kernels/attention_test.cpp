#include "albert/kernels/attention_sizes.h"
#include "albert/kernels/philox.h"
#include "tests/kernels/attention_case.h"

namespace albert::testing {
namespace {

using kernels::Stream;
using Case = AttentionCase;

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

// Blocks without a tile of queries: at most one for a sequence and head.
TEST(Attention, UnevenLengthsLeaveFewBlocksWithoutWork) {
  for (const int64_t rows : {kernels::tile_queries(64), kernels::tile_queries(128)})
    for (const auto& lengths : std::vector<std::vector<int64_t>>{
             {512, 3, 70, 1, 0, 128, 129}, {128, 128, 128}, {1}, {5, 700}, {64, 65, 66, 512}}) {
      int64_t queries = 0, longest = 0, tiles = 0;
      for (const int64_t n : lengths) {
        queries += n;
        longest = std::max(longest, n);
        tiles += (n + rows - 1) / rows;
      }
      const auto sequences = static_cast<int64_t>(lengths.size());
      const auto blocks = kernels::forward_blocks(queries, sequences, longest, rows);
      EXPECT_GE(blocks.all, tiles);
      EXPECT_LE(blocks.all, tiles + sequences);
    }
  EXPECT_EQ(kernels::forward_blocks(256 * 128, 256, 128, 128).all, 256);  // of equal length: none
}

// How blocks are numbered changes no bit. The bound of the lengths decides it here: the true one,
// or none.
TEST(Attention, TheGridChangesNoBit) {
  const std::vector<int64_t> lengths = {128, 127, 128, 126};
  for (const DType dtype : aligned_types())
    for (const int64_t size : {int64_t{64}, int64_t{128}}) {
      Case c(dtype, 2, size, lengths, lengths, 0.2, 1, 8);
      const int64_t rows = kernels::tile_queries(size);
      ASSERT_GT(kernels::forward_blocks(c.tq, 4, 128, rows).of_sequence, 0);
      ASSERT_EQ(kernels::forward_blocks(c.tq, 4, c.tq, rows).of_sequence, 0);
      on_every_stream([&](const Stream& s) {
        const auto computed_with = [&](int64_t longest) {
          c.longest = longest;
          c.out = c.out.poisoned();
          c.forward(s);
          return c.out.values();
        };
        EXPECT_EQ(computed_with(128), computed_with(0));
      });
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
