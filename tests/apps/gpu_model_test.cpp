// The cost model of a GPU: its formulas against those of the roofline it comes from, and what a
// call moves against sums by hand.
#include "albert/kernels/attention.h"
#include "albert/kernels/embedding.h"
#include "albert/kernels/layer_norm.h"
#include "albert/kernels/matmul.h"
#include "albert/kernels/row_ops.h"
#include "apps/bench/call_costs.h"
#include "tests/support/files.h"

#include <gtest/gtest.h>

namespace albert::testing {
namespace {

using bench::AttentionWork;
using bench::CallCosts;
using bench::Gpu;
using kernels::MatmulShape;

double tera(const MatmulShape& shape) {
  const double m = static_cast<double>(shape.m), n = static_cast<double>(shape.n),
               k = static_cast<double>(shape.k);
  return shape.flops() / bench::matmul_seconds(bench::h200(), shape, 2 * (m * k + k * n + m * n)) *
         1e-12;
}

MatmulShape matmul(int64_t m, int64_t n, int64_t k) {
  return {.m = m, .n = n, .k = k, .dtype = DType::kBF16};
}

// The rates that the roofline lists for 32768 tokens of base and xxlarge.
TEST(GpuModel, ProductsRunAtTheRooflinesRates) {
  EXPECT_NEAR(tera(matmul(32768, 2304, 768)), 626, 0.5);
  EXPECT_NEAR(tera(matmul(32768, 768, 768)), 602, 0.5);
  EXPECT_NEAR(tera(matmul(32768, 3072, 768)), 629, 0.5);
  EXPECT_NEAR(tera(matmul(32768, 768, 3072)), 703, 0.5);
  EXPECT_NEAR(tera(matmul(32768, 4096, 16384)), 773, 0.5);
  EXPECT_NEAR(tera(matmul(2304, 768, 32768)), 754,
              0.5);  // weight gradients: the inner size divided
  EXPECT_NEAR(tera(matmul(4096, 16384, 32768)), 768, 0.5);
}

TEST(GpuModel, OneTileMoreIsOneWaveMore) {
  const auto seconds = [](int64_t rows) {
    return bench::matmul_seconds(bench::h200(), matmul(rows, 256, 768), 0);
  };
  EXPECT_EQ(seconds(131 * 128 + 1), seconds(132 * 128));
  EXPECT_DOUBLE_EQ(seconds(132 * 128 + 1), 2 * seconds(132 * 128));
}

TEST(GpuModel, NothingIsFasterThanItsBytesOrALaunch) {
  const Gpu gpu = bench::h200();
  EXPECT_DOUBLE_EQ(bench::matmul_seconds(gpu, matmul(1, 1, 1), 3.7e12), 1);
  EXPECT_DOUBLE_EQ(bench::memory_seconds(gpu, 0), 2.2e-6);
  EXPECT_DOUBLE_EQ(bench::memory_seconds(gpu, 3.7e9), 1e-3);
}

TEST(GpuModel, OtherTypesHaveOtherRates) {
  const auto seconds = [](DType type) {
    return bench::matmul_seconds(bench::h200(), {.m = 8192, .n = 8192, .k = 8192, .dtype = type},
                                 0);
  };
  EXPECT_EQ(seconds(DType::kF16), seconds(DType::kBF16));
  EXPECT_NEAR(seconds(DType::kF32) / seconds(DType::kBF16), 2, 0.05);
}

TEST(GpuModel, AttentionByHeadSizeLengthAndType) {
  const Gpu gpu = bench::h200();
  const auto tera_of = [&](int64_t length, int64_t head_size, DType type, bool backward) {
    const double tokens = 32768;
    const AttentionWork work{
        tokens * static_cast<double>(length), tokens, 12, head_size, type, backward};
    return work.flops() / bench::attention_seconds(gpu, work, 0) * 1e-12;
  };
  EXPECT_NEAR(tera_of(512, 64, DType::kBF16, false), 400, 1e-6);
  EXPECT_NEAR(tera_of(512, 64, DType::kBF16, true), 300, 1e-6);
  EXPECT_NEAR(tera_of(512, 128, DType::kF16, false), 500, 1e-6);
  EXPECT_NEAR(tera_of(512, 128, DType::kF16, true), 340, 1e-6);
  EXPECT_NEAR(tera_of(128, 64, DType::kBF16, false), 240, 1e-6);
  EXPECT_NEAR(tera_of(256, 64, DType::kBF16, false), 320, 1e-6);
  EXPECT_NEAR(tera_of(16, 64, DType::kBF16, false), 240, 1e-6);
  EXPECT_NEAR(tera_of(512, 80, DType::kBF16, false), 53, 1e-6);
  EXPECT_NEAR(tera_of(512, 64, DType::kF32, false), 53, 1e-6);
  EXPECT_EQ((AttentionWork{10, 5, 2, 64, DType::kBF16, false}.flops()), 4 * 10 * 128);
  EXPECT_EQ((AttentionWork{10, 5, 2, 64, DType::kBF16, true}.flops()), 10 * 10 * 128);
}

TEST(GpuModel, MeasuredRatesTakeThePlaceOfKnownOnes) {
  const Gpu gpu = bench::gpu_from({{"name", "that one"}, {"bf16_flops", 700e12}});
  EXPECT_EQ(gpu.name, "that one");
  EXPECT_EQ(gpu.bf16_flops, 700e12);
  EXPECT_EQ(gpu.kernel_bytes, bench::h200().kernel_bytes);
  EXPECT_TRUE(refusal_of([] { bench::gpu_from({{"bf16_flop", 1}}); }).says("bf16_flop is 1"));
  EXPECT_TRUE(refusal_of([] { bench::gpu_from({{"bf16_flops", 0}}); }).says("bf16_flops is 0"));
  EXPECT_TRUE(refusal_of([] { bench::gpu_from({1, 2}); }).says("JSON object"));
}

// Calls kernels on a device that runs nothing.
class CallCostsTest : public ::testing::Test {
 protected:
  kernels::Stream stream() { return {.device = Device::kMeta, .observer = &costs}; }
  static Tensor meta(Shape shape, DType type = DType::kBF16) {
    return {reinterpret_cast<void*>(4096), shape, type};
  }
  const bench::Cost& of(const std::string& kernel) {
    costs.finish();
    return costs.kernels().at(kernel);
  }
  CallCostsTest() { costs.set_lengths({3, 5}); }
  CallCosts costs{bench::h200()};
};

TEST_F(CallCostsTest, ALinearLayerReadsItsWeightOnce) {
  kernels::linear_forward(stream(), meta({8, 32}), meta({8, 16}), meta({32, 16}),
                          meta({999}, DType::kU8), meta({32}), kernels::Activation::kGeluNew);
  EXPECT_EQ(of("linear").bytes, 2 * (8 * 32 + 8 * 16 + 32 * 16 + 32));
  EXPECT_EQ(of("linear").flops, 2 * 8 * 32 * 16);
  ASSERT_EQ(costs.matmuls().size(), 1U);
  EXPECT_EQ(costs.matmuls().begin()->first.activation, kernels::Activation::kGeluNew);
}

TEST_F(CallCostsTest, FusedActivationsMoveWhatIsKept) {
  const auto gelu = kernels::Activation::kGeluNew;
  kernels::linear_activation_forward(stream(), meta({8, 32}), meta({8, 32}), meta({8, 16}),
                                     meta({32, 16}), {}, meta({32}), gelu);
  EXPECT_EQ(of("linear").bytes, 2 * (2 * 8 * 32 + 8 * 16 + 32 * 16 + 32));
  EXPECT_EQ(of("linear").flops, 2 * 8 * 32 * 16);
  kernels::linear_activation_backward(stream(), meta({8, 32}), meta({32}, DType::kF32), meta({32}),
                                      meta({8, 24}), meta({24, 32}), meta({8, 32}), gelu);
  EXPECT_EQ(of("matmul").bytes, 2 * (2 * 8 * 32 + 8 * 24 + 24 * 32) + 2 * 32 * (4 + 2));
  EXPECT_EQ(of("matmul").flops, 2 * 8 * 32 * 24);
}

TEST_F(CallCostsTest, AnAccumulatedProductIsReadToo) {
  kernels::matmul(stream(), meta({32, 16}, DType::kF32), meta({8, 32}), meta({8, 16}),
                  {.transpose_a = true, .accumulate = true});
  EXPECT_EQ(of("matmul (weight gradients)").bytes, 2 * 4 * 32 * 16 + 2 * 8 * 32 + 2 * 8 * 16);
  EXPECT_EQ(of("matmul (weight gradients)").flops, 2 * 8 * 32 * 16);
}

TEST_F(CallCostsTest, AttentionCountsItsColumnsAndTheSequencesOwnPairs) {
  const kernels::AttentionShape shape{.heads = 2,
                                      .head_size = 4,
                                      .cu_seqlens_q = meta({3}, DType::kI32),
                                      .cu_seqlens_k = meta({3}, DType::kI32),
                                      .positions_q = {}};
  const Tensor q = meta({8, 8}), kv = meta({8, 16}), lse = meta({2, 8}, DType::kF32);
  kernels::attention_forward(stream(), meta({8, 8}), {}, lse, {}, {q, 0}, {kv, 0}, {kv, 8}, shape,
                             {});
  EXPECT_EQ(of("attention_forward").flops, 4 * (9 + 25) * 8);
  EXPECT_EQ(of("attention_forward").bytes, 4 * 2 * 8 * 8 + 4 * 2 * 8 + 2 * 4 * 3);
  kernels::attention_backward(stream(), {q, 0}, {kv, 0}, {kv, 8}, meta({8, 8}), meta({8, 8}), {},
                              {q, 0}, {kv, 0}, {kv, 8}, lse, lse, shape, {});
  EXPECT_EQ(of("attention_backward").flops, 10 * (9 + 25) * 8);
  EXPECT_EQ(of("attention_backward").bytes, 8 * 2 * 8 * 8 + 3 * 4 * 2 * 8 + 2 * 4 * 3);
}

TEST_F(CallCostsTest, APrunedLayersQueriesSeeTheMeanLength) {
  const kernels::AttentionShape shape{.heads = 2,
                                      .head_size = 4,
                                      .cu_seqlens_q = meta({3}, DType::kI32),
                                      .cu_seqlens_k = meta({3}, DType::kI32),
                                      .positions_q = {}};
  const Tensor kv = meta({8, 16});
  kernels::attention_forward(stream(), meta({2, 8}), {}, meta({2, 2}, DType::kF32), {},
                             {meta({2, 8}), 0}, {kv, 0}, {kv, 8}, shape, {});
  EXPECT_EQ(of("attention_forward").flops, 4 * (3 + 5) * 8);
}

TEST_F(CallCostsTest, GradientsCountByWhatIsDoneToThem) {
  using kernels::Grad;
  kernels::accumulate(stream(), meta({100}, DType::kF32), Grad::kAdd, meta({100}));
  EXPECT_EQ(of("accumulate").bytes, 100 * (4 + 4 + 2));
  kernels::accumulate(stream(), meta({100}, DType::kF32), Grad::kAssign, meta({100}));
  EXPECT_EQ(of("accumulate").bytes, 100 * (4 + 4 + 2) + 100 * (4 + 2));
  EXPECT_EQ(of("accumulate").calls, 2);
  EXPECT_EQ(of("accumulate").seconds, 2 * bench::h200().call_seconds);
}

TEST_F(CallCostsTest, OfTablesOnlyTheRowsInUseAreMoved) {
  const Tensor ids = meta({4}, DType::kI32);
  kernels::embedding_forward(stream(), meta({4, 8}), meta({1000, 8}), meta({2, 8}), meta({512, 8}),
                             ids, ids, ids);
  EXPECT_EQ(of("embedding_forward").bytes, 2 * 8 * (4 + 4 + 2 + 4) + 3 * 4 * 4);
  kernels::embedding_backward(stream(), meta({1000, 8}, DType::kF32), meta({2, 8}, DType::kF32),
                              meta({512, 8}, DType::kF32), meta({4, 8}), ids, ids, ids,
                              {ids, ids, ids}, -1);
  EXPECT_EQ(of("embedding_backward").bytes, 2 * 4 * 8 * (4 + 2 + 4) + 3 * 2 * 4 * 8 + 6 * 4 * 4);
  kernels::scatter_rows(stream(), meta({100, 8}), kernels::Grad::kAssign, meta({4, 8}), ids);
  EXPECT_EQ(of("scatter_rows").bytes, 2 * 8 * (100 + 2 * 4 + 4) + 4 * 4);
}

TEST_F(CallCostsTest, AbsentOperandsMoveNothing) {
  const Tensor rows = meta({6, 8}), of_rows = meta({6}, DType::kF32), of_columns = meta({8});
  kernels::layer_norm_forward(stream(), rows, of_rows, of_rows, rows, {}, of_columns, of_columns,
                              1e-12, {});
  EXPECT_EQ(of("layer_norm_forward").bytes, 2 * 2 * 6 * 8 + 2 * 4 * 6 + 2 * 2 * 8);
}

TEST_F(CallCostsTest, AKernelNobodyPricedIsAnError) {
  costs.call("brand_new_kernel");
  EXPECT_TRUE(refusal_of([&] { costs.finish(); }).says("brand_new_kernel"));
}

}  // namespace
}  // namespace albert::testing
