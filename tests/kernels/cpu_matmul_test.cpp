// Matmuls of the CPU alone: packed weights, our own tiles beside oneDNN's.
#include "albert/kernels/cpu/matmul_onednn.h"

#include "tests/support/matmul_cases.h"

namespace albert::testing {
namespace {

namespace cpu = kernels::cpu;  // for ALBERT_CALL_CPU
using kernels::Activation;
using kernels::Isa;
using kernels::Matmul;
using Case = MatmulCase;

class CpuMatmulTest : public MatmulTestOf {};
INSTANTIATE_TEST_SUITE_P(Shapes, CpuMatmulTest, all_matmuls());

// One request must not see the others of its batch: x's first rows alone give the bits they give
// among many.
TEST_P(CpuMatmulTest, ARowIsTheSameAloneAndAmongOthers) {
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

TEST(CpuMatmul, FusedActivationEqualsTheActivationKernel) {
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
TEST(CpuMatmul, NoProductFallsToTheReferenceLoop) {
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

// Our own matmul, where the machine's choice would be oneDNN's too.
TEST(CpuMatmul, TilesOfEveryInstructionSetEqualPlainLoops) {
  constexpr int64_t m = 101, n = 45, k = 391;  // a last sliver of every kind, a second panel
  for (const Isa isa : {Isa::kGeneric, Isa::kAvx2, Isa::kAvx512})
    for (int flags = 0; flags < 8 && isa <= kernels::detect_isa(); ++flags) {
      const Matmul o{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      const auto a = TestTensor::random(DType::kF32, o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
      const auto b = TestTensor::random(DType::kF32, o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
      auto c = TestTensor::random(DType::kF32, {m, n}, 3);
      const auto expected = matmul_oracle(c, a, b, o);
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
TEST(CpuMatmul, StagesOfOurOwnEqualPlainLoops) {
  if (Isa::kAvx2 > kernels::detect_isa()) GTEST_SKIP() << "this machine has no avx2";
  for (const auto& [m, n, k] : {Case{3, 3125, 1601}, Case{700, 1541, 9}})
    for (int flags = 0; flags < 8; ++flags) {
      const Matmul o{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      const auto a = TestTensor::random(DType::kF32, o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
      const auto b = TestTensor::random(DType::kF32, o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
      const auto before = TestTensor::random(DType::kF32, {m, n}, 3);
      const auto expected = matmul_oracle(before, a, b, o);
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

}  // namespace
}  // namespace albert::testing
