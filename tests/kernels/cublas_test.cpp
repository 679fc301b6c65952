// Products by way of cuBLASLt: what is asked of it, and what happens when it refuses. The library
// is a fake of plain loops, which checks what it is asked.
#include <algorithm>
#include <limits>

#include "tests/support/cublas_cases.h"

namespace albert::testing {
namespace {

using kernels::Activation;
using kernels::CublasContext;
using kernels::CublasMatmul;
using kernels::CublasOperands;
using kernels::CublasOptions;
using kernels::Matmul;
using kernels::simt::FakeCublas;
namespace lt = kernels::cublas_lt;

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
double gelu_slope(double x) { return (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5; }

double tolerance(DType t) {
  return t == DType::kF64   ? 1e-14
         : t == DType::kF32 ? 1e-6
         : t == DType::kF16 ? 1.0 / 1024
                            : 1.0 / 128;
}

const std::vector<DType> kTypes = {DType::kF32, DType::kBF16, DType::kF16, DType::kF64};

// The mapping alone, by a column-major loop that knows nothing of rows.
TEST(CublasMatmul, RowMajorProductsAreColumnMajorOnesOfSwappedOperands) {
  constexpr int64_t m = 3, n = 5, k = 2;
  for (int flags = 0; flags < 4; ++flags) {
    const Matmul o{(flags & 1) != 0, (flags & 2) != 0};
    const auto a = TestTensor::random(DType::kF64, o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
    const auto b = TestTensor::random(DType::kF64, o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
    TestTensor c(DType::kF64, {m, n});
    const auto map = kernels::column_major({m, n, k, o.transpose_a, o.transpose_b});
    const auto at = [](const TestTensor& t, const kernels::ColumnMajor::Matrix& x, int64_t row,
                       int64_t col) {
      return x.transposed ? t.get(row * x.rows + col) : t.get(col * x.rows + row);
    };
    for (int64_t row = 0; row < map.d.rows; ++row)
      for (int64_t col = 0; col < map.d.cols; ++col) {
        double sum = 0;
        for (int64_t l = 0; l < k; ++l) sum += at(b, map.first, row, l) * at(a, map.second, l, col);
        c.set(col * map.d.rows + row, sum);
      }
    EXPECT_TRUE(close(c.values(), matmul_oracle(c, a, b, o), 1e-15)) << flags;
    EXPECT_EQ(map.first.rows * map.first.cols, n * k);
    EXPECT_EQ(map.second.rows * map.second.cols, m * k);
  }
}

TEST(CublasMatmul, EpiloguesAreThoseThatCublasHas) {
  using kernels::backward_epilogue, kernels::forward_epilogue;
  EXPECT_EQ(forward_epilogue(Activation::kIdentity, false, false), lt::kDefault);
  EXPECT_EQ(forward_epilogue(Activation::kIdentity, true, false), lt::kBias);
  EXPECT_EQ(forward_epilogue(Activation::kIdentity, true, true), std::nullopt);
  EXPECT_EQ(forward_epilogue(Activation::kGeluNew, true, false), lt::kGeluBias);
  EXPECT_EQ(forward_epilogue(Activation::kGeluNew, true, true), lt::kGeluAuxBias);
  EXPECT_EQ(forward_epilogue(Activation::kGeluNew, false, true), lt::kGeluAux);
  EXPECT_EQ(forward_epilogue(Activation::kRelu, true, false), lt::kReluBias);
  EXPECT_EQ(forward_epilogue(Activation::kRelu, true, true), std::nullopt);
  EXPECT_EQ(backward_epilogue(Activation::kGeluNew, true), lt::kDGeluBiasGradient);
  EXPECT_EQ(backward_epilogue(Activation::kGeluNew, false), lt::kDGelu);
  for (const auto activation : {Activation::kGelu, Activation::kSilu, Activation::kTanh}) {
    EXPECT_EQ(forward_epilogue(activation, true, false), std::nullopt);
    EXPECT_EQ(backward_epilogue(activation, true), std::nullopt);
  }
}

TEST(CublasMatmul, AlignmentIsWhatAllAddressesShare) {
  const auto address = [](uintptr_t bits) {
    return reinterpret_cast<const void*>(bits);
  };  // NOLINT
  EXPECT_EQ(kernels::common_alignment({address(4096), nullptr}), 256);
  EXPECT_EQ(kernels::common_alignment({address(4096), address(4096 + 48)}), 16);
  EXPECT_EQ(kernels::common_alignment({address(4096 + 2), address(4096 + 8)}), 2);
  EXPECT_TRUE(kernels::fits_aux(address(16), 24));
  EXPECT_FALSE(kernels::fits_aux(address(8), 24));
  EXPECT_FALSE(kernels::fits_aux(address(16), 20));
}

TEST(Cublas, ProductsEqualPlainLoopsForEveryFlagAndType) {
  Cublas cublas;
  for (const DType dtype : kTypes)
    for (const auto& [m, n, k] :
         {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {3, 5, 7}, {17, 2, 33}, {8, 64, 16}})
      for (int flags = 0; flags < 8; ++flags) {
        const Matmul o{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
        const auto a = TestTensor::random(dtype, o.transpose_a ? Shape{k, m} : Shape{m, k}, 1);
        const auto b = TestTensor::random(dtype, o.transpose_b ? Shape{n, k} : Shape{k, n}, 2);
        for (const DType out : {dtype, accumulator(dtype)}) {
          const auto before = TestTensor::random(out, {m, n}, 3);
          auto c = o.accumulate ? before : before.poisoned();
          kernels::cuda::matmul(cublas.stream(), c, a, b, o);
          EXPECT_TRUE(close(c.values(), matmul_oracle(before, a, b, o), tolerance(out), 1e-3))
              << dtype << ", flags " << flags;
          c.check_sentinels();
        }
      }
}

TEST(Cublas, Tf32IsAskedForWhereWantedOnly) {
  CublasMatmul p;
  EXPECT_EQ(kernels::compute_type_of(p), lt::kCompute32F);
  p.tf32 = true;
  EXPECT_EQ(kernels::compute_type_of(p), lt::kComputeTf32);
  p.in = DType::kBF16;
  EXPECT_EQ(kernels::compute_type_of(p), lt::kCompute32F);
  p.in = DType::kF64;
  EXPECT_EQ(kernels::compute_type_of(p), lt::kCompute64F);
  EXPECT_THROW(kernels::type_of(DType::kI32), Error);
  std::set<int> asked;
  for (const bool tf32 : {false, true}) {
    FakeCublas library;
    auto functions = library.functions();
    functions.matmul_desc_create = [&, make = functions.matmul_desc_create](
                                       lt::Desc* desc, lt::ComputeType type, lt::DataType scale) {
      asked.insert(type);
      return make(desc, type, scale);
    };
    CublasContext context(functions, {.tf32 = tf32, .gpu = "a GPU"});
    kernels::Stream s{.device = Device::kCuda};
    s.cublas = &context;
    const auto a = TestTensor::random(DType::kF32, {2, 2}, 1);
    TestTensor c(DType::kF32, {2, 2});
    kernels::cuda::matmul(s, c, a, a, {});
  }
  EXPECT_EQ(asked, (std::set<int>{lt::kCompute32F, lt::kComputeTf32}));
}

TEST(Cublas, ForwardEpiloguesAddBiasActivateAndKeep) {
  Cublas cublas;
  for (const DType t : {DType::kF32, DType::kBF16, DType::kF16})
    for (const uint32_t epilogue : {lt::kBias, lt::kRelu, lt::kReluBias, lt::kGelu, lt::kGeluBias,
                                    lt::kGeluAux, lt::kGeluAuxBias}) {
      Fused f(t);
      ASSERT_TRUE(f.run(cublas, epilogue));
      std::vector<double> expected(f.sums.size()), kept(f.sums.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        const double x = kept[i] = f.sum(i, epilogue & lt::kBias);
        expected[i] = epilogue & lt::kGelu ? gelu(x) : epilogue & lt::kRelu ? std::max(0.0, x) : x;
      }
      EXPECT_TRUE(close(f.c.values(), expected, tolerance(t))) << t << " epilogue " << epilogue;
      if (epilogue & lt::kAux) {
        EXPECT_TRUE(close(f.aux.values(), kept, tolerance(t))) << t << " epilogue " << epilogue;
      }
      f.c.check_sentinels();
      f.aux.check_sentinels();
    }
}

TEST(Cublas, BackwardEpiloguesMultiplyByTheSlopeAndSumRows) {
  Cublas cublas;
  for (const DType t : {DType::kF32, DType::kBF16, DType::kF16})
    for (const uint32_t epilogue : {lt::kDGelu, lt::kDGeluBiasGradient}) {
      Fused f(t, false);
      const auto before = f.bias;
      ASSERT_TRUE(f.run(cublas, epilogue));
      std::vector<double> expected(f.sums.size()), total(Fused::n);
      for (size_t i = 0; i < expected.size(); ++i)
        total[i % Fused::n] += expected[i] =
            f.sums[i] * gelu_slope(f.aux.get(static_cast<int64_t>(i)));
      EXPECT_TRUE(close(f.c.values(), expected, tolerance(t))) << t;
      EXPECT_TRUE(
          close(f.bias.values(), epilogue == lt::kDGelu ? before.values() : total, tolerance(t)))
          << t;
      f.bias.check_sentinels();
    }
}

TEST(Cublas, AnEpilogueItDoesNotHaveIsSaidOnceAndNothingRuns) {
  Cublas cublas;
  cublas.library.no_algorithm = {lt::kGeluBias};
  cublas.library.no_kernel = {lt::kReluBias};
  for (const uint32_t epilogue : {lt::kGeluBias, lt::kReluBias}) {
    Fused f(DType::kBF16);
    const int asked = cublas.library.heuristics;
    EXPECT_FALSE(f.run(cublas, epilogue));
    EXPECT_FALSE(f.run(cublas, epilogue));
    EXPECT_EQ(cublas.library.heuristics, asked + 1);
    EXPECT_EQ(cublas.library.matmuls, 0);
    EXPECT_TRUE(std::isnan(f.c.get(0)));
  }
}

TEST(Cublas, APlainProductItDoesNotHaveIsAnErrorThatNamesIt) {
  for (const bool when_run : {false, true}) {
    Cublas cublas;
    (when_run ? cublas.library.no_kernel : cublas.library.no_algorithm) = {lt::kDefault};
    Fused f(DType::kBF16);
    try {
      f.run(cublas, lt::kDefault);
      ADD_FAILURE();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInternal);
      EXPECT_NE(std::string(e.what()).find("5 24 7 n t bf16 bf16"), std::string::npos) << e.what();
    }
  }
}

TEST(Cublas, ALibraryThatDoesNotStartIsNoDevice) {
  FakeCublas library;
  auto functions = library.functions();
  functions.create = [](lt::Handle*) { return lt::kNotInitialized; };
  try {
    const CublasContext context(functions, {.gpu = "a GPU"});
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNoDevice);
  }
}

TEST(Cublas, ChoosesOncePerShapeAndAlignment) {
  Cublas cublas;
  Fused f(DType::kBF16);
  for (int i = 0; i < 3; ++i) f.run(cublas, lt::kDefault);
  EXPECT_EQ(cublas.library.heuristics, 1);
  f.run(cublas, lt::kBias);
  EXPECT_EQ(cublas.library.heuristics, 2);
  f.matmul.epilogue = lt::kDefault;
  // One element further on: the choice for 256 bytes would not do.
  std::vector<BFloat16> moved(static_cast<size_t>(f.a.size()) + 1);
  std::memcpy(moved.data() + 1, f.a.tensor().data, f.a.tensor().bytes());
  const CublasOperands operands{f.c.tensor().data, moved.data() + 1, f.b.tensor().data};
  EXPECT_TRUE(cublas.context->run(f.matmul, operands, cublas.stream()));
  EXPECT_EQ(cublas.library.heuristics, 3);
  EXPECT_TRUE(close(f.c.values(), f.sums, tolerance(DType::kBF16)));
}

TEST(Cublas, LeavesNothingBehind) {
  FakeCublas library;
  {
    CublasContext context(library.functions(), {.gpu = "a GPU"});
    kernels::Stream s{.device = Device::kCuda};
    s.cublas = &context;
    const auto a = TestTensor::random(DType::kF32, {4, 4}, 1);
    TestTensor c(DType::kF32, {4, 4});
    kernels::cuda::matmul(s, c, a, a, {});
    EXPECT_GT(library.alive, 1);
  }
  EXPECT_EQ(library.alive, 0);
}

}  // namespace
}  // namespace albert::testing
