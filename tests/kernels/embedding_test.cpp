#include "albert/kernels/embedding.h"

#include <algorithm>
#include <numeric>

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Stream;

constexpr int64_t kVocabulary = 11, kTypes = 2, kPositions = 19;

struct Case {
  Case(DType dtype, int64_t rows, int64_t cols)
      : word(TestTensor::random(dtype, {kVocabulary, cols}, 1)),
        type(TestTensor::random(dtype, {kTypes, cols}, 2)),
        position(TestTensor::random(dtype, {kPositions, cols}, 3)),
        dy(TestTensor::random(dtype, {rows, cols}, 4)),
        word_ids(random_ids(rows, kVocabulary, 5)),
        type_ids(random_ids(rows, kTypes, 6)),
        position_ids(random_ids(rows, kPositions, 7)) {}

  TestTensor forward(const Stream& s) const {
    auto y = dy.poisoned();
    kernels::embedding_forward(s, y, word, type, position, word_ids, type_ids, position_ids);
    y.check_sentinels();
    return y;
  }
  // The row numbers in ascending order of their ids.
  static TestTensor order_of(const TestTensor& ids) {
    std::vector<int32_t> order(static_cast<size_t>(ids.size()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return ids.get(a) < ids.get(b); });
    return TestTensor::of<int32_t>({ids.size()}, order);
  }
  // The three tables' gradients, added to `start`.
  std::vector<TestTensor> backward(const Stream& s, int64_t padding_idx, double start = 0) const {
    std::vector<TestTensor> d;
    for (const auto* table : {&word, &type, &position}) {
      d.emplace_back(accumulator(dy.tensor().dtype), table->tensor().shape);
      for (int64_t i = 0; i < d.back().size(); ++i) d.back().set(i, start);
    }
    const auto by_word = order_of(word_ids), by_type = order_of(type_ids),
               by_position = order_of(position_ids);
    kernels::embedding_backward(s, d[0], d[1], d[2], dy, word_ids, type_ids, position_ids,
                                {by_word, by_type, by_position}, padding_idx);
    for (const auto& t : d) t.check_sentinels();
    return d;
  }
  std::vector<double> expected_forward() const {
    std::vector<double> y;
    const int64_t cols = word.tensor().shape[1];
    for (int64_t r = 0; r < word_ids.size(); ++r)
      for (int64_t c = 0; c < cols; ++c)
        y.push_back(word.get(at(word_ids, r) * cols + c) + type.get(at(type_ids, r) * cols + c) +
                    position.get(at(position_ids, r) * cols + c));
    return y;
  }
  std::vector<double> expected_backward(const TestTensor& table, const TestTensor& ids,
                                        int64_t padding_idx, double start) const {
    std::vector<double> d(static_cast<size_t>(table.size()), start);
    const int64_t cols = table.tensor().shape[1];
    for (int64_t r = 0; r < ids.size(); ++r)
      for (int64_t c = 0; c < cols && at(ids, r) != padding_idx; ++c)
        d[static_cast<size_t>(at(ids, r) * cols + c)] += dy.get(r * cols + c);
    return d;
  }
  static int64_t at(const TestTensor& ids, int64_t r) { return static_cast<int64_t>(ids.get(r)); }

  TestTensor word, type, position, dy, word_ids, type_ids, position_ids;
};

class EmbeddingTest : public ::testing::TestWithParam<std::tuple<DType, int64_t>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  int64_t cols() const { return std::get<1>(GetParam()); }
};

TEST_P(EmbeddingTest, ForwardEqualsPlainSums) {
  const Case c(dtype(), 300, cols());
  const auto expected = c.expected_forward();
  on_every_stream([&](const Stream& s) {
    const auto y = c.forward(s);
    EXPECT_TRUE(close(y.values(), expected, 2 * rounding_error(expected, dtype()), 0));
  });
}

TEST_P(EmbeddingTest, BackwardAddsEveryRow) {
  const Case c(dtype(), 300, cols());
  // Up to about 150 terms of a sum are rounded one after the other, in f32 except for f64 tables.
  const double tolerance = dtype() == DType::kF64 ? 2e-15 : 1e-6;
  for (const int64_t padding_idx : {int64_t{-1}, int64_t{0}, kVocabulary - 1})
    on_every_stream([&](const Stream& s) {
      const auto d = c.backward(s, padding_idx, 0.5);
      EXPECT_TRUE(close(d[0].values(), c.expected_backward(c.word, c.word_ids, padding_idx, 0.5),
                        tolerance));
      EXPECT_TRUE(
          close(d[1].values(), c.expected_backward(c.type, c.type_ids, -1, 0.5), tolerance));
      EXPECT_TRUE(close(d[2].values(), c.expected_backward(c.position, c.position_ids, -1, 0.5),
                        tolerance));
    });
}

TEST_P(EmbeddingTest, ThreadsDoNotChangeABit) {
  const Case c(dtype(), 300, cols());
  expect_threads_agree([&](const Stream& s) {
    auto written = c.backward(s, 0);
    written.push_back(c.forward(s));
    return written;
  });
}

// A GPU sums in chunks of 32 rows and more: ids that fill none, one, several, a whole table's.
TEST_P(EmbeddingTest, RunsOfEveryLengthAreSummed) {
  if (cols() > 64) return;
  Case c(dtype(), 2100, cols());
  for (int64_t r = 0; r < c.word_ids.size(); ++r) {
    const int64_t k = r % 21;
    c.word_ids.set(r, k < 13 ? 3 : k < 19 ? static_cast<double>(4 + r % 7) : k == 20 ? 0 : 1);
    c.position_ids.set(r, r < 31 ? 0 : r < 63 ? 1 : r < 64 ? 2 : r < 160 ? 18 : 17);
    c.type_ids.set(r, r < 2000 ? 1 : 0);
  }
  const double tolerance = dtype() == DType::kF64 ? 1e-13 : 1e-5;  // sums of up to 2000 terms
  for (const int64_t padding_idx : {int64_t{-1}, int64_t{3}})
    on_every_stream([&](const Stream& s) {
      const auto d = c.backward(s, padding_idx, 0.5);
      EXPECT_TRUE(close(d[0].values(), c.expected_backward(c.word, c.word_ids, padding_idx, 0.5),
                        tolerance, 1));
      EXPECT_TRUE(
          close(d[1].values(), c.expected_backward(c.type, c.type_ids, -1, 0.5), tolerance, 1));
      EXPECT_TRUE(close(d[2].values(), c.expected_backward(c.position, c.position_ids, -1, 0.5),
                        tolerance, 1));
    });
}

INSTANTIATE_TEST_SUITE_P(Shapes, EmbeddingTest,
                         ::testing::Combine(::testing::ValuesIn(float_types()),
                                            ::testing::Values(1, 2, 31, 33, 128)));

TEST(Embedding, GradientsAreThoseOfTheForward) {
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  const TestDevice device(2);
  Case c(DType::kF64, 13, 5);
  const auto d = c.backward(device.stream(), -1);
  const auto f = [&] { return projection(c.forward(device.stream()), c.dy); };
  EXPECT_TRUE(close(d[0].values(), numeric_gradient(c.word, f), 1e-7));
  EXPECT_TRUE(close(d[1].values(), numeric_gradient(c.type, f), 1e-7));
  EXPECT_TRUE(close(d[2].values(), numeric_gradient(c.position, f), 1e-7));
}

TEST(Embedding, ThePaddingRowReceivesNothingUnlessSwitchedOff) {
  const TestDevice device;
  Case c(DType::kF32, 4, 3);
  c.word_ids = TestTensor::of<int32_t>({4}, {0, 2, 0, 2});
  c.dy = TestTensor::of<float>({4, 3}, std::vector<float>(12, 1.0F));
  const auto padded = c.backward(device.stream(), 0), whole = c.backward(device.stream(), -1);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(padded[0].get(i), 0);
    EXPECT_EQ(whole[0].get(i), 2);
    EXPECT_EQ(padded[0].get(6 + i), 2);
  }
  EXPECT_TRUE(padded[1].same_bits(whole[1]));
  EXPECT_TRUE(padded[2].same_bits(whole[2]));
}

TEST(Embedding, WithoutWordsOnlyTheOtherTablesReceive) {
  on_every_stream([&](const Stream& s) {
    const Case c(DType::kF32, 40, 8);
    const auto whole = c.backward(s, -1);
    TestTensor type(DType::kF32, c.type.tensor().shape),
        position(DType::kF32, c.position.tensor().shape);
    kernels::embedding_backward(s, {}, type, position, c.dy, c.word_ids, c.type_ids, c.position_ids,
                                {{}, Case::order_of(c.type_ids), Case::order_of(c.position_ids)},
                                -1);
    EXPECT_TRUE(type.same_bits(whole[1]));
    EXPECT_TRUE(position.same_bits(whole[2]));
  });
}

TEST(Embedding, NoRowsIsNothingToDo) {
  const TestDevice device(2);
  const Case c(DType::kF32, 0, 8);
  EXPECT_EQ(c.forward(device.stream()).size(), 0);
  for (const auto& d : c.backward(device.stream(), -1))
    EXPECT_EQ(d.values(), std::vector<double>(d.values().size()));
}

TEST(Embedding, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const Stream s = device.stream();
  for (int wrong = 0; wrong < 7; ++wrong) {
    Case c(DType::kF32, 4, 3);
    if (wrong == 0) c.word = TestTensor(DType::kF32, {kVocabulary, 2});
    if (wrong == 1) c.type = TestTensor(DType::kF64, {kTypes, 3});
    if (wrong == 2) c.position = TestTensor(DType::kF32, {kPositions});
    if (wrong == 3) c.word_ids = TestTensor(DType::kI32, {5});
    if (wrong == 4) c.type_ids = TestTensor(DType::kI64, {4});
    if (wrong == 5) c.position_ids = TestTensor(DType::kI32, {3});
    if (wrong == 6) c.dy = TestTensor(DType::kI32, {4, 3});
    EXPECT_THROW(c.forward(s), Error) << wrong;
    // Case::backward makes its gradients from the tables, so a wrong type of a table cannot reach
    // it.
    if (wrong != 1) {
      EXPECT_THROW(c.backward(s, -1), Error) << wrong;
    }
  }
  const Case c(DType::kF32, 4, 3);
  EXPECT_THROW(c.backward(s, kVocabulary), Error);
  EXPECT_THROW(c.backward(s, -2), Error);
}

}  // namespace
}  // namespace albert::testing
