#include "tests/support/matmul_cases.h"

namespace albert::testing {
namespace {

using kernels::Activation;
using kernels::Matmul;

class MatmulTest : public MatmulTestOf {};
INSTANTIATE_TEST_SUITE_P(Shapes, MatmulTest, all_matmuls());

TEST_P(MatmulTest, EqualsPlainLoopsForEveryFlag) {
  const auto [m, n, k] = shape();
  TestDevice device(2, isa());
  for (int flags = 0; flags < 8; ++flags) {
    const Matmul o{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
    const auto a = TestTensor::random(dtype(), o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
    const auto b = TestTensor::random(dtype(), o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
    for (const DType out : {dtype(), accumulator(dtype())}) {
      const auto before = TestTensor::random(out, {m, n}, 3);
      auto c = o.accumulate ? before : before.poisoned();
      const auto expected = matmul_oracle(before, a, b, o);
      kernels::matmul(device.stream(), c, a, b, o);
      EXPECT_TRUE(close(c.values(), expected, tolerance(), 1e-3))
          << "flags " << flags << " into " << out;
      c.check_sentinels();
    }
  }
}

TEST_P(MatmulTest, ThreadsDoNotChangeABit) {
  const auto [m, n, k] = shape();
  const auto a = TestTensor::random(dtype(), {k, m}, 1), b = TestTensor::random(dtype(), {k, n}, 2);
  const auto start = TestTensor::random(accumulator(dtype()), {m, n}, 3);
  auto one = start;
  kernels::matmul(TestDevice(1, isa()).stream(), one, a, b,
                  {.transpose_a = true, .accumulate = true});
  for (const int threads : {2, 5}) {
    auto many = start;
    TestDevice device(threads, isa());
    kernels::matmul(device.stream(), many, a, b, {.transpose_a = true, .accumulate = true});
    EXPECT_TRUE(one.same_bits(many)) << threads << " threads";
  }
}

TEST_P(MatmulTest, LinearWithAndWithoutPackingEqualsPlainLoops) {
  const auto [m, n, k] = shape();
  if (dtype() == DType::kF64) {
    EXPECT_EQ(kernels::packed_bytes(TestDevice().stream(), {n, k}, DType::kF64), 0U);
    return;
  }
  const auto x = TestTensor::random(dtype(), {m, k}, 1), w = TestTensor::random(dtype(), {n, k}, 2);
  const auto bias = TestTensor::random(dtype(), {n}, 3);
  auto expected = matmul_oracle(TestTensor(DType::kF64, {m, n}), x, w, {.transpose_b = true});
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += bias.get(static_cast<int64_t>(i) % n);
  TestTensor first(dtype(), {m, n});
  for (const int threads : {1, 2, 5}) {
    TestDevice device(threads, isa());
    const auto bytes =
        static_cast<int64_t>(kernels::packed_bytes(device.stream(), {n, k}, dtype()));
    ASSERT_EQ(bytes > 0, tested_device() == Device::kCpu) << "a GPU reads weights as they are";
    TestTensor packed(DType::kU8, {bytes}), plain(dtype(), {m, n}), fast = plain.poisoned();
    kernels::pack_weight(device.stream(), packed, w);
    kernels::linear_forward(device.stream(), plain, x, w, {}, bias, Activation::kIdentity);
    kernels::linear_forward(device.stream(), fast, x, w, packed, bias, Activation::kIdentity);
    EXPECT_TRUE(close(plain.values(), expected, tolerance(), 1e-3));
    EXPECT_TRUE(close(fast.values(), expected, tolerance(), 1e-3));
    fast.check_sentinels();
    packed.check_sentinels();
    if (threads == 1) first = fast;
    EXPECT_TRUE(first.same_bits(fast)) << threads << " threads";
  }
}

TEST(Matmul, NothingToSumGivesZeroOrLeavesTheSum) {
  TestDevice device;
  const TestTensor a(DType::kF32, {2, 0}), b(DType::kF32, {0, 3});
  auto c = TestTensor::random(DType::kF32, {2, 3}, 1);
  const auto before = c;
  kernels::matmul(device.stream(), c, a, b, {.accumulate = true});
  EXPECT_TRUE(c.same_bits(before));
  kernels::matmul(device.stream(), c, a, b, {});
  EXPECT_EQ(c.values(), std::vector<double>(6, 0.0));
}

TEST(Matmul, RefusesSizesAndTypesThatDoNotFit) {
  TestDevice device;
  TestTensor c(DType::kF32, {2, 3}), a(DType::kF32, {2, 4}), b(DType::kF32, {5, 3}),
      d(DType::kF64, {4, 3});
  EXPECT_THROW(kernels::matmul(device.stream(), c, a, b, {}), Error);
  EXPECT_THROW(kernels::matmul(device.stream(), c, a, d, {}), Error);
  EXPECT_THROW(kernels::matmul(device.stream(), a, a, TestTensor(DType::kF32, {4, 3}), {}), Error);
  EXPECT_THROW(
      kernels::linear_forward(device.stream(), c, a, TestTensor(DType::kF32, {3, 4}), {}, b, {}),
      Error);
}

}  // namespace
}  // namespace albert::testing
