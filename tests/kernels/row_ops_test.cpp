#include "albert/kernels/row_ops.h"

#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Grad;
using kernels::Stream;

// dx after dy's rows were added into it one by one, each sum rounded to dtype: repeated rows round
// repeatedly.
TestTensor scattered(TestTensor dx, const TestTensor& dy, const TestTensor& index) {
  const int64_t cols = dy.tensor().shape[1];
  for (int64_t r = 0; r < index.size(); ++r)
    for (int64_t c = 0; c < cols; ++c) {
      const int64_t at = static_cast<int64_t>(index.get(r)) * cols + c;
      dx.set(at, dx.get(at) + dy.get(r * cols + c));
    }
  return dx;
}

class RowsTest : public ::testing::TestWithParam<std::tuple<DType, int64_t>> {
 protected:
  DType dtype() const { return std::get<0>(GetParam()); }
  int64_t cols() const { return std::get<1>(GetParam()); }
};

TEST_P(RowsTest, GatherCopiesBits) {
  const auto x = TestTensor::random(dtype(), {23, cols()}, 1), index = random_ids(57, 23, 2);
  on_every_stream([&](const Stream& s) {
    auto y = TestTensor(dtype(), {57, cols()}).poisoned();
    kernels::gather_rows(s, y, x, index);
    for (int64_t i = 0; i < y.size(); ++i)
      ASSERT_EQ(y.get(i), x.get(static_cast<int64_t>(index.get(i / cols())) * cols() + i % cols()))
          << i;
    y.check_sentinels();
  });
}

TEST_P(RowsTest, ScatterAddsRowsInOrderAndRowsMayRepeat) {
  const auto dy = TestTensor::random(dtype(), {57, cols()}, 1), index = random_ids(57, 23, 2);
  const auto start = TestTensor::random(dtype(), {31, cols()}, 3);
  const auto assigned = scattered(TestTensor(dtype(), {31, cols()}), dy, index),
             added = scattered(start, dy, index);
  on_every_stream([&](const Stream& s) {
    auto dx = start.poisoned(), sum = start, ignored = start.poisoned();
    kernels::scatter_rows(s, dx, Grad::kAssign, dy, index);
    kernels::scatter_rows(s, sum, Grad::kAdd, dy, index);
    kernels::scatter_rows(s, ignored, Grad::kIgnore, dy, index);
    EXPECT_TRUE(dx.same_bits(assigned));
    EXPECT_TRUE(sum.same_bits(added));
    EXPECT_TRUE(ignored.same_bits(start.poisoned()));
    dx.check_sentinels();
    sum.check_sentinels();
  });
}

TEST_P(RowsTest, SumRowsAddsToTheTotal) {
  const auto x = TestTensor::random(dtype(), {101, cols()}, 1);
  const auto start = TestTensor::random(accumulator(dtype()), {cols()}, 2);
  auto expected = start.values();
  for (int64_t i = 0; i < x.size(); ++i) expected[static_cast<size_t>(i % cols())] += x.get(i);
  on_every_stream([&](const Stream& s) {
    auto total = start;
    kernels::sum_rows(s, total, x);
    // 101 roundings of half an ulp each, of partial sums not much larger than the largest total.
    EXPECT_TRUE(close(total.values(), expected, dtype() == DType::kF64 ? 2e-15 : 1e-6, 10));
    total.check_sentinels();
  });
}

TEST_P(RowsTest, ArgmaxTakesTheFirstLargestAndRefusesNaN) {
  auto x = TestTensor::random(dtype(), {37, cols()}, 1);
  x.set(0, -5);  // in the row of the ties
  for (int64_t c = 0; c < cols(); ++c) x.set(cols() + c, c < cols() / 2 ? -1 : 2);
  x.set(2 * cols() + cols() - 1, std::nan(""));
  on_every_stream([&](const Stream& s) {
    TestTensor best(DType::kI32, {37});
    kernels::argmax_rows(s, best, x);
    for (int64_t r = 0; r < 37; ++r) {
      int64_t want = 0;
      for (int64_t c = 0; c < cols(); ++c)
        if (x.get(r * cols() + c) > x.get(r * cols() + want)) want = c;
      EXPECT_EQ(best.get(r), r == 2 ? -1 : static_cast<double>(want)) << r;
    }
    best.check_sentinels();
  });
}

TEST_P(RowsTest, ThreadsDoNotChangeABit) {
  const auto dy = TestTensor::random(dtype(), {57, cols()}, 1), index = random_ids(57, 23, 2);
  expect_threads_agree([&](const Stream& s) {
    TestTensor dx(dtype(), {23, cols()}), total(accumulator(dtype()), {cols()});
    kernels::scatter_rows(s, dx, Grad::kAssign, dy, index);
    kernels::sum_rows(s, total, dy);
    return std::vector<TestTensor>{dx, total};
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, RowsTest,
                         ::testing::Combine(::testing::ValuesIn(float_types()),
                                            ::testing::Values(1, 2, 31, 33, 128, 700)));

TEST(Rows, ScatterIsTheGradientOfGather) {
  const TestDevice device(2);
  auto x = TestTensor::random(DType::kF64, {6, 5}, 1);
  const auto upstream = TestTensor::random(DType::kF64, {9, 5}, 2), index = random_ids(9, 6, 3);
  auto dx = x.poisoned();
  kernels::scatter_rows(device.stream(), dx, Grad::kAssign, upstream, index);
  const auto numeric = numeric_gradient(x, [&] {
    TestTensor y(DType::kF64, {9, 5});
    kernels::gather_rows(device.stream(), y, x, index);
    return projection(y, upstream);
  });
  EXPECT_TRUE(close(dx.values(), numeric, 1e-7));
}

TEST(Rows, SumRowsIsTheGradientOfARowAddedToAll) {
  const TestDevice device(2);
  auto bias = TestTensor::random(DType::kF64, {5}, 1);
  const auto upstream = TestTensor::random(DType::kF64, {9, 5}, 2);
  TestTensor dbias(DType::kF64, {5});
  kernels::sum_rows(device.stream(), dbias, upstream);
  const auto numeric = numeric_gradient(bias, [&] {
    double sum = 0;
    for (int64_t i = 0; i < upstream.size(); ++i) sum += bias.get(i % 5) * upstream.get(i);
    return sum;
  });
  EXPECT_TRUE(close(dbias.values(), numeric, 1e-7));
}

TEST(Rows, AccumulateCastsBetweenAllFloatTypes) {
  const Shape shape{3, 20001};  // more than one block
  on_every_stream([&](const Stream& s) {
    for (const DType to : float_types())
      for (const DType from : float_types()) {
        SCOPED_TRACE(std::string(name_of(from)) + " to " + name_of(to));
        const auto src = TestTensor::random(from, shape, 1),
                   start = TestTensor::random(to, shape, 2);
        auto assigned = start.poisoned(), added = start, ignored = start, sum = start;
        kernels::accumulate(s, assigned, Grad::kAssign, src);
        kernels::accumulate(s, added, Grad::kAdd, src);
        kernels::accumulate(s, ignored, Grad::kIgnore, src);
        EXPECT_TRUE(assigned.same_bits(src.as_type(to)));
        for (int64_t i = 0; i < sum.size(); ++i) sum.set(i, start.get(i) + src.get(i));
        const double tolerance = to == DType::kF64 ? 0
                                 : to == DType::kF32
                                     ? 1.2e-7
                                     : 2 * rounding_error(sum.values(), to) + unit_roundoff(to);
        EXPECT_TRUE(close(added.values(), sum.values(), tolerance));
        EXPECT_TRUE(ignored.same_bits(start));
        assigned.check_sentinels();
      }
  });
}

TEST(Rows, NothingToDo) {
  const TestDevice device(2);
  const Stream s = device.stream();
  TestTensor none(DType::kF32, {0, 4}), index(DType::kI32, {0}), x(DType::kF32, {3, 4}),
      total(DType::kF32, {4});
  kernels::gather_rows(s, none, x, index);
  auto dx = x.poisoned();
  kernels::scatter_rows(s, dx, Grad::kAssign, none, index);
  EXPECT_EQ(dx.values(), std::vector<double>(12));
  kernels::sum_rows(s, total, none);
  EXPECT_EQ(total.values(), std::vector<double>(4));
  kernels::accumulate(s, none, Grad::kAdd, none);
}

TEST(Rows, RefusesOperandsThatDoNotFit) {
  const TestDevice device;
  const Stream s = device.stream();
  TestTensor x(DType::kF32, {3, 4}), y(DType::kF32, {2, 4}), index(DType::kI32, {2}),
      wide(DType::kI64, {2});
  TestTensor narrow(DType::kF32, {2, 3}), half(DType::kBF16, {2, 4}), integers(DType::kI32, {3, 4}),
      total(DType::kF32, {3});
  EXPECT_THROW(kernels::gather_rows(s, x, x, index), Error);
  EXPECT_THROW(kernels::gather_rows(s, narrow, x, index), Error);
  EXPECT_THROW(kernels::gather_rows(s, half, x, index), Error);
  EXPECT_THROW(kernels::gather_rows(s, y, x, wide), Error);
  EXPECT_THROW(kernels::gather_rows(s, y, integers, index), Error);
  EXPECT_THROW(kernels::scatter_rows(s, x, Grad::kAdd, narrow, index), Error);
  EXPECT_THROW(kernels::scatter_rows(s, x, Grad::kAdd, half, index), Error);
  EXPECT_THROW(kernels::scatter_rows(s, x, Grad::kAdd, y, wide), Error);
  EXPECT_THROW(kernels::accumulate(s, x, Grad::kAdd, y), Error);
  EXPECT_THROW(kernels::accumulate(s, x, Grad::kAdd, integers), Error);
  EXPECT_THROW(kernels::accumulate(s, integers, Grad::kAssign, x), Error);
  EXPECT_THROW(kernels::sum_rows(s, total, x), Error);
  EXPECT_THROW(kernels::sum_rows(s, TestTensor(DType::kF64, {4}), x), Error);
}

}  // namespace
}  // namespace albert::testing
