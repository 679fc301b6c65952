#include "albert/kernels/dropout.h"

#include "albert/kernels/philox.h"
#include "tests/support/gradcheck.h"
#include "tests/support/kernel_cases.h"

namespace albert::testing {
namespace {

using kernels::Dropout;
using kernels::Grad;
using kernels::Stream;

TEST(Philox, GivesThePublishedVectors) {  // Random123's kat_vectors, philox4x32 10
  const auto words = [](kernels::PhiloxBlock b) {
    return std::vector<uint32_t>(b.word, b.word + 4);
  };
  EXPECT_EQ(words(kernels::philox(0, 0, 0, 0, 0, 0)),
            (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words(kernels::philox(~0U, ~0U, ~0U, ~0U, ~0U, ~0U)),
            (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words(kernels::philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822,
                                  0x299f31d0)),
            (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TestTensor ids(const std::vector<int64_t>& rows) {
  return TestTensor::of<int64_t>({static_cast<int64_t>(rows.size())}, rows);
}

TestTensor dropped(const Dropout& dropout, int64_t rows, int64_t cols,
                   Stream s = TestDevice().stream()) {
  auto x = TestTensor(DType::kF32, {rows, cols}), y = x.poisoned();
  for (int64_t i = 0; i < x.size(); ++i) x.set(i, 1);
  kernels::dropout_forward(s, y, x, dropout);
  y.check_sentinels();
  return y;
}

TEST(Dropout, KeepsItsShareScaledAndZeroesTheRest) {
  std::vector<int64_t> rows(500);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i) << 32 | 7;
  const auto row_ids = ids(rows);
  for (const double p : {0.1, 0.5, 0.9}) {
    const auto y = dropped({p, 42, 1, 3, row_ids}, 500, 203);
    int64_t kept = 0;
    std::vector<int64_t> by_column(203);
    for (int64_t i = 0; i < y.size(); ++i) {
      if (y.get(i) == 0) continue;
      ASSERT_FLOAT_EQ(static_cast<float>(y.get(i)), static_cast<float>(1 / (1 - p)));
      ++kept;
      ++by_column[static_cast<size_t>(i % 203)];
    }
    const double n = static_cast<double>(y.size()), q = 1 - p;
    EXPECT_NEAR(static_cast<double>(kept) / n, q, 5 * std::sqrt(p * q / n));
    double chi_square = 0;  // 203 columns: mean 203, deviation sqrt(2 * 203)
    for (const int64_t count : by_column)
      chi_square += std::pow(static_cast<double>(count) - 500 * q, 2) / (500 * p * q);
    EXPECT_NEAR(chi_square, 203, 5 * std::sqrt(406.0));
  }
}

TEST(Dropout, FollowsTheRowsIdentityNotItsPlace) {
  const auto forward = ids({10, 11, 12}), moved = ids({12, 10, 11});
  const auto a = dropped({0.5, 1, 1, 0, forward}, 3, 77), b = dropped({0.5, 1, 1, 0, moved}, 3, 77);
  for (int64_t c = 0; c < 77; ++c)
    for (int64_t r = 0; r < 3; ++r) ASSERT_EQ(a.get(r * 77 + c), b.get((r + 1) % 3 * 77 + c));
  for (const Dropout& other : {Dropout{0.5, 2, 1, 0, forward}, Dropout{0.5, 1, 2, 0, forward},
                               Dropout{0.5, 1, 1, 1, forward}})
    EXPECT_FALSE(a.same_bits(dropped(other, 3, 77)));
}

TEST(Dropout, BackwardIsTheSameMask) {
  const auto row_ids = ids({5, 6, 7, 8});
  const Dropout dropout{0.4, 9, 9, 9, row_ids};
  for (const DType dtype : float_types())
    expect_grad_modes(dtype, {4, 300}, [&](const TestTensor& dx, Grad mode) {
      const auto dy = TestTensor::random(dtype, {4, 300}, 1);
      const TestDevice device(2);
      kernels::dropout_backward(device.stream(), dx, mode, dy, dropout);
      if (mode != Grad::kAssign) return;
      TestTensor y(dtype, {4, 300});
      kernels::dropout_forward(device.stream(), y, dy, dropout);
      EXPECT_TRUE(y.same_bits(dx));
    });
}

TEST(Dropout, SameMaskForEveryInstructionSetAndThreadCount) {
  const auto row_ids = ids({5, 6, 7, 8});
  const auto first =
      dropped({0.3, 9, 9, 9, row_ids}, 4, 4099, TestDevice(1, kernels::Isa::kGeneric).stream());
  on_every_stream([&](const Stream& s) {
    EXPECT_TRUE(first.same_bits(dropped({0.3, 9, 9, 9, row_ids}, 4, 4099, s)));
  });
}

TEST(Dropout, RefusesWhatDoesNotFit) {
  const TestDevice device;
  const TestTensor x(DType::kF32, {2, 3});
  const auto row_ids = ids({1});
  EXPECT_THROW(kernels::dropout_forward(device.stream(), x, x, {1.0, 0, 0, 0, ids({1, 2})}), Error);
  EXPECT_THROW(kernels::dropout_forward(device.stream(), x, x, {-0.1, 0, 0, 0, ids({1, 2})}),
               Error);
  EXPECT_THROW(kernels::dropout_forward(device.stream(), x, x, {0.5, 0, 0, 0, row_ids}), Error);
  EXPECT_NO_THROW(kernels::dropout_forward(device.stream(), x, x, {}));
}

}  // namespace
}  // namespace albert::testing
