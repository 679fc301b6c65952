#include "albert/kernels/unpack_rows.h"

#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Stream;

constexpr int64_t kRows = 23;

// Rows in any order, every third place empty, and the first and last row somewhere.
TestTensor places(int64_t n) {
  auto rows = random_ids(n, kRows, 2);
  for (int64_t p = 0; p < n; p += 3) rows.set(p, -1);
  rows.set(1, kRows - 1);
  rows.set(n - 1, 0);
  return rows;
}

TEST(UnpackRows, CopiesRowsToTheirPlacesAndZeroesTheOthers) {
  const auto rows = places(59);
  for (const DType dtype : float_types())
    for (const int64_t cols : {1, 2, 31, 33, 128, 770}) {
      const auto x = TestTensor::random(dtype, {kRows, cols}, 1);
      on_every_stream([&](const Stream& s) {
        const auto y = TestTensor(accumulator(dtype), {rows.size(), cols}).poisoned();
        kernels::unpack_rows(s, y, x, rows);
        for (int64_t i = 0; i < y.size(); ++i) {
          const auto row = static_cast<int64_t>(rows.get(i / cols));
          ASSERT_EQ(y.get(i), row < 0 ? 0 : x.get(row * cols + i % cols)) << dtype << ' ' << i;
        }
        y.check_sentinels();
      });
    }
}

TEST(UnpackRows, NoPlacesAreNothingToDo) {
  const TestDevice device;
  kernels::unpack_rows(device.stream(), TestTensor(DType::kF32, {0, 4}),
                       TestTensor(DType::kF32, {3, 4}), TestTensor(DType::kI32, {0}));
}

TEST(UnpackRows, RefusesWhatDoesNotFit) {
  const TestDevice device;
  const TestTensor x(DType::kBF16, {3, 4}), y(DType::kF32, {2, 4}), rows(DType::kI32, {2});
  const auto refused = [&](const TestTensor& to, const TestTensor& from, const TestTensor& at) {
    EXPECT_THROW(kernels::unpack_rows(device.stream(), to, from, at), Error);
  };
  EXPECT_NO_THROW(kernels::unpack_rows(device.stream(), y, x, rows));
  refused(TestTensor(DType::kBF16, {2, 4}), x, rows);
  refused(TestTensor(DType::kF32, {2, 3}), x, rows);
  refused(TestTensor(DType::kF32, {3, 4}), x, rows);
  refused(y, TestTensor(DType::kI32, {3, 4}), rows);
  refused(y, x, TestTensor(DType::kI64, {2}));
}

}  // namespace
}  // namespace albert::testing
