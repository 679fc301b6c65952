#include "albert/kernels/row_ops.h"

#include <algorithm>
#include <utility>

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

TestTensor ascending_ids(int64_t n, int64_t limit, uint32_t seed) {
  const TestTensor ids = random_ids(n, limit, seed);
  auto sorted = ids.values();
  std::sort(sorted.begin(), sorted.end());
  return TestTensor::of<int32_t>({n}, std::vector<int32_t>(sorted.begin(), sorted.end()));
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
  const auto dy = TestTensor::random(dtype(), {57, cols()}, 1), index = ascending_ids(57, 23, 2);
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

// A GPU cuts rows into tiles: one row, the rows of a thread and one more, several tiles.
constexpr std::pair<int64_t, int64_t> kRowsAndColumns[] = {
    {1, 8}, {2, 7}, {129, 264}, {513, 24}, {514, 3}, {1027, 64}, {4099, 1}, {8500, 16}, {0, 5}};

TEST(Rows, SumsOfAnyNumberOfRowsAreThoseInF64) {
  for (const DType dtype : float_types())
    for (const auto& [rows, cols] : kRowsAndColumns) {
      const auto x = TestTensor::random(dtype, {rows, cols}, 1);
      std::vector<double> expected(static_cast<size_t>(cols), 0.25);
      for (int64_t i = 0; i < x.size(); ++i) expected[static_cast<size_t>(i % cols)] += x.get(i);
      const auto sums = [&](const Stream& s) {
        TestTensor total(accumulator(dtype), {cols});
        for (int64_t c = 0; c < cols; ++c) total.set(c, 0.25);
        kernels::sum_rows(s, total, x);
        total.check_sentinels();
        return std::vector<TestTensor>{total};
      };
      // n terms round their sum by less than n ulps of its size, which is about sqrt(n).
      const double scale = std::sqrt(static_cast<double>(rows) + 1);
      on_every_stream([&](const Stream& s) {
        EXPECT_TRUE(
            close(sums(s)[0].values(), expected, dtype == DType::kF64 ? 1e-14 : 2e-6, scale))
            << dtype << ' ' << rows << " x " << cols;
      });
      expect_threads_agree(sums);
    }
}

// 17 tiles of 512 rows at most leave a sum of each of 16 columns.
TEST(Rows, SumsOnAGpuTakeTheirPartialSumsFromTheWorkspaceAndNoMore) {
  if (tested_device() != Device::kCuda) GTEST_SKIP() << "the CPU has no partial sums";
  const auto x = TestTensor::random(DType::kF32, {8500, 16}, 1);
  TestTensor total(DType::kF32, {16}), other(DType::kF32, {16});
  const auto workspace = TestTensor(DType::kF32, {17 * 16}).poisoned();
  const TestDevice device;
  Stream s = device.stream();
  kernels::sum_rows(s, total, x);
  s.workspace = workspace.tensor().data;
  s.workspace_bytes = workspace.tensor().bytes();
  kernels::sum_rows(s, other, x);
  EXPECT_TRUE(other.same_bits(total));
  workspace.check_sentinels();
  --s.workspace_bytes;
  EXPECT_THROW(kernels::sum_rows(s, other, x), Error);
}

// Tensors that begin one element behind a multiple of 16 bytes, with every length of a last pack.
TEST(Rows, OperandsMayLieAnywhere) {
  const auto behind = [](const TestTensor& t, Shape shape) {
    const Tensor whole = t;
    return Tensor{static_cast<std::byte*>(whole.data) + size_of(whole.dtype), shape, whole.dtype};
  };
  for (const DType dtype : float_types())
    for (const int64_t n : {1, 7, 8, 9, 16, 31, 2055})
      on_every_stream([&](const Stream& s) {
        const auto x = TestTensor::random(dtype, {n + 1}, 1);
        auto copy = TestTensor(dtype, {n + 1}), aligned = TestTensor(dtype, {n});
        kernels::accumulate(s, behind(copy, {n}), Grad::kAssign, behind(x, {n}));
        kernels::accumulate(s, aligned, Grad::kAssign, behind(x, {n}));
        for (int64_t i = 0; i < n; ++i) {
          ASSERT_EQ(copy.get(i + 1), x.get(i + 1)) << dtype << ' ' << n;
          ASSERT_EQ(aligned.get(i), x.get(i + 1)) << dtype << ' ' << n;
        }
        EXPECT_EQ(copy.get(0), 0);
        copy.check_sentinels();
        aligned.check_sentinels();
        if (n % 8 != 0) return;
        TestTensor total(accumulator(dtype), {8}), in_place(accumulator(dtype), {8});
        const auto straight = TestTensor(aligned);
        kernels::sum_rows(s, total, behind(x, {n / 8, 8}));
        kernels::sum_rows(s, in_place, straight.tensor().reshaped({n / 8, 8}));
        EXPECT_TRUE(close(total.values(), in_place.values(), 1e-6, 1));
      });
}

TEST_P(RowsTest, ThreadsDoNotChangeABit) {
  const auto dy = TestTensor::random(dtype(), {57, cols()}, 1), index = ascending_ids(57, 23, 2);
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
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
  const TestDevice device(2);
  auto x = TestTensor::random(DType::kF64, {6, 5}, 1);
  const auto upstream = TestTensor::random(DType::kF64, {9, 5}, 2), index = ascending_ids(9, 6, 3);
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
  if (!computes_f64()) GTEST_SKIP() << kNeedsF64;
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
