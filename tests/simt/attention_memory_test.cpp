// Attention asks for no more shared memory than every GPU gives a block: 99 KiB, on compute
// capability 8.6, 8.9 and 12.0.
#include "albert/kernels/attention.h"
#include "tests/support/tensors.h"

namespace albert::testing {
namespace {

constexpr size_t kSmallestLimit = 101'376;

// Two tokens, forward and backward. Rows begin `margin` elements into a matrix.
void run(const kernels::Stream& s, DType dtype, int64_t size, int64_t margin) {
  const TestTensor cu_seqlens = TestTensor::of<int32_t>({2}, {0, 2}),
                   positions = TestTensor::of<int32_t>({2}, {0, 1});
  const TestTensor q(dtype, {2, margin + size}), kv(dtype, {2, 2 * size}), dout(dtype, {2, size}),
      out(dtype, {2, size}), error(DType::kBF16, {2, size}), lse(DType::kF32, {1, 2}),
      probabilities(dtype, {1, 1, 2, 2});
  const kernels::AttentionShape shape{1, size, cu_seqlens, cu_seqlens, positions, 1024};
  const size_t bytes = kernels::attention_backward_workspace(s, dtype, 2, 2, shape);
  const TestTensor workspace(DType::kU8, {static_cast<int64_t>(bytes)}),
      dq(dtype, {2, margin + size}), dkv(dtype, {2, 2 * size});
  kernels::attention_forward(s, out, error, lse, probabilities, {q, margin}, {kv, 0}, {kv, size},
                             shape, {});
  kernels::attention_backward(s, {dq, margin}, {dkv, 0}, {dkv, size}, dout, out, error, {q, margin},
                              {kv, 0}, {kv, size}, lse, workspace, shape, {});
}

kernels::simt::Schedule at_most(size_t bytes) {
  kernels::simt::Schedule schedule;
  schedule.most_shared_bytes = bytes;
  return schedule;
}

TEST(AttentionMemory, EveryHeadFitsTheSmallestGpus) {
  const TestDevice device(at_most(kSmallestLimit));
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16})
    for (int64_t size = 1; size <= 256; ++size)
      for (const int64_t margin : {0, 1})
        ASSERT_NO_THROW(run(device.stream(), dtype, size, margin)) << dtype << " of " << size;
}

TEST(AttentionMemory, ALaunchThatAsksForMoreIsRefused) {
  const TestDevice device(at_most(1024));
  EXPECT_THROW(run(device.stream(), DType::kF32, 64, 0), Error);
}

}  // namespace
}  // namespace albert::testing
