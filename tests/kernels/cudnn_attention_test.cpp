// Attention by way of cuDNN: what it is told of a packed batch. In the emulated build the library
// is a fake of plain loops that follows the offsets, lengths and strides it is given; our own
// kernels say what is right.
#include "albert/kernels/cuda/cudnn/attention.h"

#include "tests/support/compare.h"
#include "tests/support/kernel_cases.h"
#if defined(ALBERT_CUDA_EMULATED)
#include "albert/kernels/emulator/fake_cudnn.h"
#endif

namespace albert::testing {
namespace {

using kernels::AttentionShape;
using kernels::Columns;
using kernels::Stream;

constexpr int64_t kHeads = 3, kSize = 16, kWidth = kHeads * kSize, kMargin = 8;

const std::vector<int32_t> kKeys = {
    0, 9, 13, 20, 51, 51};  // the last sequence is empty, as one that fills up may be

// q, k and v inside of wider matrices.
struct Packed {
  explicit Packed(DType dtype, std::vector<int32_t> query_offsets = kKeys)
      : cu_q(std::move(query_offsets)),
        q(TestTensor::random(dtype, {cu_q.back(), kMargin + kWidth}, 1)),
        kv(TestTensor::random(dtype, {cu_k.back(), 2 * kWidth}, 2)),
        dout(TestTensor::random(dtype, {cu_q.back(), kWidth}, 3)),
        out(TestTensor(dtype, {cu_q.back(), kWidth}).poisoned()),
        dq(TestTensor(dtype, {cu_q.back(), kMargin + kWidth}).poisoned()),
        dkv(TestTensor(dtype, {cu_k.back(), 2 * kWidth}).poisoned()) {}

  AttentionShape shape() const { return {kHeads, kSize, offsets_q, offsets_k, {}}; }
  Columns queries() const { return {q, kMargin}; }
  Columns keys() const { return {kv, 0}; }
  Columns values() const { return {kv, kWidth}; }

  void by_own_kernels(const Stream& s) {
    const TestTensor lse(DType::kF32, {kHeads, cu_q.back()}),
        workspace(DType::kF32, {kHeads, cu_q.back()});
    kernels::attention_forward(s, out, {}, lse, {}, queries(), keys(), values(), shape(), {});
    kernels::attention_backward(s, {dq, kMargin}, {dkv, 0}, {dkv, kWidth}, dout, out, {}, queries(),
                                keys(), values(), lse, workspace, shape(), {});
  }
  void by_cudnn(const Stream& s, int64_t longest) {
    const TestTensor lse(DType::kF32, {cu_q.back(), kHeads});
    const auto workspace = [&](bool backward) {
      const size_t bytes = kernels::cudnn_attention_workspace(s, backward, queries(), keys(),
                                                              values(), shape(), longest);
      return TestTensor(DType::kU8, {static_cast<int64_t>(bytes)});
    };
    const TestTensor first = workspace(false), second = workspace(true);
    kernels::cudnn_attention_forward(s, out, lse, first, queries(), keys(), values(), shape(),
                                     longest);
    kernels::cudnn_attention_backward(s, {dq, kMargin}, {dkv, 0}, {dkv, kWidth}, dout, out,
                                      queries(), keys(), values(), lse, second, shape(), longest);
    first.check_sentinels();
    second.check_sentinels();
  }

  // dq without the columns beside it.
  std::vector<double> query_gradient() const {
    std::vector<double> values;
    for (int64_t r = 0; r < cu_q.back(); ++r)
      for (int64_t c = kMargin; c < kMargin + kWidth; ++c)
        values.push_back(dq.get(r * (kMargin + kWidth) + c));
    return values;
  }

  std::vector<int32_t> cu_q, cu_k = kKeys;
  TestTensor offsets_q = TestTensor::of<int32_t>({6}, cu_q),
             offsets_k = TestTensor::of<int32_t>({6}, cu_k);
  TestTensor q, kv, dout, out, dq, dkv;
};

// The test's one stream, with cuDNN: on a GPU the library, else a fake. All work and all copies of
// operands are in line on it.
struct WithCudnn {
  WithCudnn() { stream.cudnn = backend->stream().cudnn; }
  std::unique_ptr<kernels::Backend> backend = kernels::make_backend(
      {.device = Device::kCuda, .attention = kernels::AttentionBackend::kCudnn});
  TestDevice device;
  Stream stream = device.stream();
};

class CudnnAttention : public ::testing::Test {
 protected:
  void SetUp() override {
    if (tested_device() != Device::kCuda) GTEST_SKIP() << "needs a GPU, or the emulated one";
  }
};

void expect_our_own(const std::vector<int32_t>& query_offsets) {
  for (const DType dtype : {DType::kBF16, DType::kF16}) {
    WithCudnn cudnn;
    Packed own(dtype, query_offsets), theirs(dtype, query_offsets);
    own.by_own_kernels(cudnn.stream);
    theirs.by_cudnn(cudnn.stream, 31);
    const double tolerance = 2 * unit_roundoff(dtype);
    EXPECT_TRUE(close(theirs.out.values(), own.out.values(), tolerance)) << dtype;
    EXPECT_TRUE(close(theirs.dkv.values(), own.dkv.values(), tolerance)) << dtype;
    EXPECT_TRUE(close(theirs.query_gradient(), own.query_gradient(), tolerance)) << dtype;
    theirs.dq.check_sentinels();
  }
}

TEST_F(CudnnAttention, EqualsOurOwn) { expect_our_own(kKeys); }
TEST_F(CudnnAttention, EqualsOurOwnWithFewerQueries) { expect_our_own({0, 5, 6, 12, 30, 30}); }

TEST_F(CudnnAttention, TakesWhatItsGraphsAreGoodFor) {
  WithCudnn cudnn;
  const auto takes = [&](DType dtype, int64_t head_size, double dropout = 0) {
    return kernels::cudnn_takes(cudnn.stream, dtype, head_size, {dropout, 0, 0, 0, {}});
  };
  EXPECT_TRUE(takes(DType::kBF16, 64));
  EXPECT_TRUE(takes(DType::kF16, 128));
  EXPECT_FALSE(takes(DType::kF32, 64));
  EXPECT_FALSE(takes(DType::kBF16, 20));
  EXPECT_FALSE(takes(DType::kBF16, 136));
  EXPECT_FALSE(takes(DType::kBF16, 64, 0.1));
  cudnn.stream.cudnn = nullptr;
  EXPECT_FALSE(takes(DType::kBF16, 64));
}

#if defined(ALBERT_CUDA_EMULATED)
// Batches of about the same size share their graphs, forward's for any number of rows.
TEST_F(CudnnAttention, GraphsDependOnRoundedTotals) {
  WithCudnn cudnn;
  const auto built = [&](bool backward, std::initializer_list<int64_t> all) {
    auto& library = dynamic_cast<kernels::simt::FakeCudnn&>(*cudnn.stream.cudnn);
    const int before = library.built();
    for (const int64_t rows : all) {
      const Tensor cu(nullptr, {101}, DType::kI32);
      const Tensor qkv(nullptr, {rows, 3 * kWidth}, DType::kBF16);
      kernels::cudnn_attention_workspace(cudnn.stream, backward, {qkv, 0}, {qkv, kWidth},
                                         {qkv, 2 * kWidth}, {kHeads, kSize, cu, cu, {}}, 256);
    }
    return library.built() - before;
  };
  EXPECT_EQ(built(false, {20000, 21000, 25600}), 1);
  EXPECT_EQ(built(true, {20000, 20401, 20480}), 1);
  EXPECT_EQ(built(true, {20481, 21000}), 1);
}
#endif

TEST_F(CudnnAttention, RefusesRowsThatBeginAnywhere) {
  WithCudnn cudnn;
  Packed p(DType::kBF16);
  const TestTensor lse(DType::kF32, {p.cu_q.back(), kHeads}), workspace(DType::kU8, {8192});
  EXPECT_THROW(kernels::cudnn_attention_forward(cudnn.stream, p.out, lse, workspace, {p.q, 3},
                                                p.keys(), p.values(), p.shape(), 31),
               Error);
}

}  // namespace
}  // namespace albert::testing
