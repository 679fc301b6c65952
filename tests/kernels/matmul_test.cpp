#include "albert/kernels/matmul.h"

#include "albert/kernels/cpu/matmul_onednn.h"

#include "tests/support/gradcheck.h"

namespace albert::testing {
namespace {

namespace cpu = kernels::cpu;  // for ALBERT_CALL_CPU
using kernels::Activation;
using kernels::Isa;
using kernels::Matmul;

// What matmul must give, in plain f64 loops.
std::vector<double> oracle(const TestTensor& c, const TestTensor& a, const TestTensor& b,
                           Matmul o) {
  const Shape sa = a.tensor().shape, sb = b.tensor().shape;
  const int64_t m = sa[o.transpose_a ? 1 : 0], k = sa[o.transpose_a ? 0 : 1],
                n = sb[o.transpose_b ? 0 : 1];
  std::vector<double> out = c.values();
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = o.accumulate ? out[static_cast<size_t>(i * n + j)] : 0;
      for (int64_t l = 0; l < k; ++l)
        sum += a.get(o.transpose_a ? l * m + i : i * k + l) *
               b.get(o.transpose_b ? j * k + l : l * n + j);
      out[static_cast<size_t>(i * n + j)] = sum;
    }
  return out;
}

struct Case {
  int64_t m, n, k;
};

class MatmulTest : public ::testing::TestWithParam<std::tuple<DType, Case, Isa>> {
 protected:
  void SetUp() override {
    if (isa() > kernels::detect_isa())
      GTEST_SKIP() << "this machine has no " << kernels::name_of(isa());
  }
  DType dtype() const { return std::get<0>(GetParam()); }
  Case shape() const { return std::get<1>(GetParam()); }
  Isa isa() const { return std::get<2>(GetParam()); }
  // Summing k matmuls of rounded inputs: f32 rounds each sum, bf16 the matmul and,
  // after the bias, the result, each by up to 2^-8 of its magnitude.
  double tolerance() const {
    const double k = static_cast<double>(shape().k);
    return dtype() == DType::kF64   ? 1e-15 * k + 1e-15
           : dtype() == DType::kF32 ? 6e-8 * std::sqrt(k) * 4
                                    : 1.0 / 128;
  }
};

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
      const auto expected = oracle(before, a, b, o);
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
  auto expected = oracle(TestTensor(DType::kF64, {m, n}), x, w, {.transpose_b = true});
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += bias.get(static_cast<int64_t>(i) % n);
  TestTensor first(dtype(), {m, n});
  for (const int threads : {1, 2, 5}) {
    TestDevice device(threads, isa());
    const auto bytes =
        static_cast<int64_t>(kernels::packed_bytes(device.stream(), {n, k}, dtype()));
    ASSERT_GT(bytes, 0);
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

// One request must not see the others of its batch: x's first rows alone give the bits they give
// among many.
TEST_P(MatmulTest, ARowIsTheSameAloneAndAmongOthers) {
  const auto [m, n, k] = shape();
  constexpr int64_t kMax = 200;
  TestDevice device(2, isa());
  const auto w = TestTensor::random(dtype(), {n, k}, 2), bias = TestTensor::random(dtype(), {n}, 3);
  const auto all = TestTensor::random(dtype(), {kMax, k}, 1);
  const auto bytes = static_cast<int64_t>(kernels::packed_bytes(device.stream(), {n, k}, dtype()));
  TestTensor packed(DType::kU8, {bytes});
  if (bytes > 0) kernels::pack_weight(device.stream(), packed, w);
  for (const Tensor& form : {Tensor(), bytes > 0 ? packed.tensor() : Tensor()}) {
    const auto rows_of = [&](int64_t rows) {
      TestTensor x(dtype(), {rows, k}), y(dtype(), {rows, n});
      for (int64_t i = 0; i < x.size(); ++i) x.set(i, all.get(i));
      kernels::linear_forward(device.stream(), y, x, w, form, bias, Activation::kGeluNew);
      y.check_sentinels();
      return y.values();
    };
    const std::vector<double> among = rows_of(kMax);
    for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 13, 15, 16, 23, 24, 47, 63, 64, 65, 130})
      EXPECT_TRUE(rows_of(rows) == std::vector<double>(among.begin(), among.begin() + rows * n))
          << rows << " rows, " << (form ? "packed" : "not packed");
  }
}

TEST(Matmul, FusedActivationEqualsTheActivationKernel) {
  constexpr int64_t m = 129, n = 400, k = 31;
  TestDevice device(2);
  const auto x = TestTensor::random(DType::kF32, {m, k}, 1, 1 / std::sqrt(static_cast<double>(k)));
  const auto w = TestTensor::random(DType::kF32, {n, k}, 2),
             bias = TestTensor::random(DType::kF32, {n}, 3);
  TestTensor packed(
      DType::kU8,
      {static_cast<int64_t>(kernels::packed_bytes(device.stream(), {n, k}, DType::kF32))});
  kernels::pack_weight(device.stream(), packed, w);
  for (const auto activation : {Activation::kGeluNew, Activation::kGelu, Activation::kRelu,
                                Activation::kSilu, Activation::kTanh}) {
    TestTensor plain(DType::kF32, {m, n}), fused(DType::kF32, {m, n});
    kernels::linear_forward(device.stream(), plain, x, w, {}, bias, activation);
    kernels::linear_forward(device.stream(), fused, x, w, packed, bias, activation);
    EXPECT_TRUE(close(fused.values(), plain.values(), 2e-6, 1e-3)) << static_cast<int>(activation);
  }
}

// Layouts that no generated kernel takes cost a factor of 100 and no test of values sees it.
TEST(Matmul, NoProductFallsToTheReferenceLoop) {
  kernels::OneDnnContext context;
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    if (dtype == DType::kBF16 && !context.native_bf16()) continue;  // never asked for there
    for (const int64_t n : {2, 30, 384, 768})
      for (const int64_t k : {128, 768, 3072})
        for (const int64_t m : {1, 2, 64})
          for (const Activation activation : {Activation::kIdentity, Activation::kGeluNew}) {
            const std::string name =
                context.linear_implementation({m, n, k, dtype, dtype, true, activation});
            EXPECT_NE(name.substr(0, 3), "ref") << name << " for " << m << " x " << n << " x " << k;
          }
  }
}

// Some instruction sets have a matmul of our own and some oneDNN's. The last shape has two blocks
// of columns.
INSTANTIATE_TEST_SUITE_P(
    Shapes, MatmulTest,
    ::testing::Combine(::testing::Values(DType::kF32, DType::kF64, DType::kBF16),
                       ::testing::Values(Case{1, 1, 1}, Case{3, 5, 7}, Case{63, 2, 33},
                                         Case{129, 400, 31}, Case{200, 64, 600},
                                         Case{385, 770, 16}),
                       ::testing::Values(Isa::kGeneric, Isa::kAvx2, Isa::kAvx512)));

// Our own matmul, where the machine's choice would be oneDNN's too.
TEST(Matmul, TilesOfEveryInstructionSetEqualPlainLoops) {
  constexpr int64_t m = 101, n = 45, k = 391;  // a last sliver of every kind, a second panel
  for (const Isa isa : {Isa::kGeneric, Isa::kAvx2, Isa::kAvx512})
    for (int flags = 0; flags < 8 && isa <= kernels::detect_isa(); ++flags) {
      const Matmul o{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      const auto a = TestTensor::random(DType::kF32, o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
      const auto b = TestTensor::random(DType::kF32, o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
      auto c = TestTensor::random(DType::kF32, {m, n}, 3);
      const auto expected = oracle(c, a, b, o);
      TestTensor packed(DType::kF32, {kernels::gemm_packed_size(n, k)}),
          work(DType::kF32, {kernels::gemm_scratch_size(k)});
      const kernels::MatmulTask task{m,
                                     n,
                                     k,
                                     o.transpose_a ? m : k,
                                     o.transpose_b ? k : n,
                                     n,
                                     o.transpose_a,
                                     o.transpose_b,
                                     o.accumulate};
      const kernels::Stream s{.isa = isa};
      const auto floats = [](const TestTensor& t) { return static_cast<float*>(t.tensor().data); };
      ALBERT_CALL_CPU(gemm_pack, s, floats(packed), floats(b), task);
      ALBERT_CALL_CPU(gemm_packed, s, floats(c), floats(a), floats(packed), nullptr, floats(work),
                      task);
      EXPECT_TRUE(close(c.values(), expected, 1e-5, 1e-3))
          << kernels::name_of(isa) << ", flags " << flags;
      c.check_sentinels();
      packed.check_sentinels();
      work.check_sentinels();
    }
}

// On AVX2 matmuls are our own, in stages of columns and depth that share what is packed: more than
// one of each.
TEST(Matmul, StagesOfOurOwnEqualPlainLoops) {
  if (Isa::kAvx2 > kernels::detect_isa()) GTEST_SKIP() << "this machine has no avx2";
  for (const auto& [m, n, k] : {Case{3, 3125, 1601}, Case{700, 1541, 9}})
    for (int flags = 0; flags < 8; ++flags) {
      const Matmul o{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      const auto a = TestTensor::random(DType::kF32, o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
      const auto b = TestTensor::random(DType::kF32, o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
      const auto before = TestTensor::random(DType::kF32, {m, n}, 3);
      const auto expected = oracle(before, a, b, o);
      TestTensor first(DType::kF32, {m, n});
      for (const int threads : {1, 2, 5}) {
        TestDevice device(threads, Isa::kAvx2);
        auto c = o.accumulate ? before : before.poisoned();
        kernels::matmul(device.stream(), c, a, b, o);
        EXPECT_TRUE(close(c.values(), expected, 1e-5, 1e-3))
            << "flags " << flags << ", " << threads << " threads";
        c.check_sentinels();
        if (threads == 1) first = c;
        EXPECT_TRUE(first.same_bits(c)) << "flags " << flags << ", " << threads << " threads";
      }
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
