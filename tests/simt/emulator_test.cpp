// The emulator finds what it promises to find: kernels with one planted fault each, beside the same
// without it.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "albert/kernels/cuda/loops.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace albert::testing {
namespace {

namespace cuda = kernels::cuda;
namespace simt = kernels::simt;
using simt::Order;

constexpr int kThreads = 64;

class EveryOrder : public ::testing::TestWithParam<Order> {
 protected:
  kernels::Stream stream() {
    kernels::Stream s{.device = Device::kCuda};
    s.queue = &queue_;
    return s;
  }

 private:
  simt::Queue queue_{{GetParam(), 3, GetParam() == Order::kReverse}};
};
INSTANTIATE_TEST_SUITE_P(Orders, EveryOrder,
                         ::testing::Values(Order::kForward, Order::kReverse, Order::kRandom,
                                           Order::kGreedy));

// to[i] = the sum of its block's from: a plain kernel with everything in it.
SIMT_KERNEL(kThreads) sum_kernel(int* to, const int* from) {
  const int64_t i = simt::block() * kThreads + simt::thread();
  to[i] = cuda::block_sum(from[i], simt::shared<int>());
}

TEST_P(EveryOrder, AWholeKernelGivesItsSums) {
  std::vector<int> from(5 * kThreads), to(from.size());
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<int>(i * i % 97);
  simt::launch(stream(), {5, kThreads, cuda::kMaxWarps * sizeof(int)}, sum_kernel, to.data(),
               static_cast<const int*>(from.data()));
  for (size_t i = 0; i < to.size(); ++i) {
    const auto begin = from.begin() + static_cast<int64_t>(i / kThreads * kThreads);
    EXPECT_EQ(to[i], std::accumulate(begin, begin + kThreads, 0));
  }
}

SIMT_KERNEL(kThreads) warp_kernel(uint32_t* bits, int* other) {
  const int i = simt::thread();
  bits[i] = simt::ballot(i % 3 == 0);
  other[i] = simt::shuffle_xor(i, 5);
}

TEST_P(EveryOrder, WarpOperationsDoWhatTheGpusDo) {
  std::vector<uint32_t> bits(kThreads);
  std::vector<int> other(kThreads);
  simt::launch(stream(), {1, kThreads}, warp_kernel, bits.data(), other.data());
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_EQ(other[static_cast<size_t>(i)], i / simt::kWarp * simt::kWarp + (i % simt::kWarp ^ 5));
    for (int lane = 0; lane < simt::kWarp; ++lane)
      EXPECT_EQ(bits[static_cast<size_t>(i)] >> lane & 1,
                (i / simt::kWarp * simt::kWarp + lane) % 3 == 0 ? 1U : 0U);
  }
}

// Without its barrier a thread reads what its neighbour has not written in some order: NaN, or an
// old value.
SIMT_KERNEL(kThreads) neighbour_kernel(float* to, bool barrier) {
  auto* const values = simt::shared<float>();
  values[simt::thread()] = static_cast<float>(simt::thread());
  if (barrier) simt::barrier();
  to[simt::thread()] = values[(simt::thread() + 1) % kThreads];
}

std::vector<float> neighbours(Order order, bool barrier) {
  simt::Queue queue{{order, 3}};
  kernels::Stream s{.device = Device::kCuda};
  s.queue = &queue;
  std::vector<float> to(kThreads);
  simt::launch(s, {1, kThreads, kThreads * sizeof(float)}, neighbour_kernel, to.data(), barrier);
  return to;
}

TEST(Emulator, ALostBarrierShowsInEveryOrder) {
  std::vector<float> expected(kThreads);
  for (int i = 0; i < kThreads; ++i)
    expected[static_cast<size_t>(i)] = static_cast<float>((i + 1) % kThreads);
  for (const Order order : {Order::kForward, Order::kReverse, Order::kRandom, Order::kGreedy}) {
    EXPECT_EQ(neighbours(order, true), expected);
    EXPECT_NE(neighbours(order, false), expected) << static_cast<int>(order);
  }
}

SIMT_KERNEL(kThreads) unwritten_kernel(float* to) {
  to[simt::thread()] = simt::shared<float>()[simt::thread()];
}

TEST_P(EveryOrder, SharedMemoryBeginsAsNaN) {
  std::vector<float> to(kThreads);
  simt::launch(stream(), {1, kThreads, kThreads * sizeof(float)}, unwritten_kernel, to.data());
  for (const float value : to) EXPECT_TRUE(std::isnan(value));
}

SIMT_KERNEL(kThreads) shared_kernel(int last) {
  if (simt::thread() == 40) simt::shared<volatile float>()[last] = 1;
}

TEST_P(EveryOrder, SharedMemoryEndsWhereItEnds) {
  const auto with = [&](int last) {
    simt::launch(stream(), {2, kThreads, 64 * sizeof(float)}, shared_kernel, last);
  };
  EXPECT_NO_THROW(with(63));
  const Refusal refused = refusal_of([&] { with(64); });
  EXPECT_TRUE(refused.says("thread 40")) << refused.what;
  EXPECT_TRUE(refused.says("shared memory")) << refused.what;
  EXPECT_NO_THROW(with(63)) << "and works on afterwards";
}

SIMT_KERNEL(kThreads) store_kernel(float* to, int64_t i) {
  if (simt::thread() == 7) to[i] = 1;
}

TEST_P(EveryOrder, BuffersEndAtAGuardPage) {
  TestTensor t(DType::kF32, {4});
  const auto with = [&](int64_t i) {
    simt::launch(stream(), {1, kThreads}, store_kernel, t.tensor().as<float>(), i);
  };
  EXPECT_NO_THROW(with(3));
  EXPECT_TRUE(refusal_of([&] { with(4); }).says("memory"));
}

SIMT_KERNEL(kThreads) barrier_kernel(int who) {
  if (who == 0) {
    simt::barrier();
  } else if (who == 1) {  // one stays away
    if (simt::thread() != 5) simt::barrier();
  } else {  // half of them at another
    if (simt::thread() % 2 == 0)
      simt::barrier();
    else
      simt::barrier();
  }
}

TEST_P(EveryOrder, ADivergentBarrierIsFound) {
  const auto with = [&](int who) { simt::launch(stream(), {1, kThreads}, barrier_kernel, who); };
  EXPECT_NO_THROW(with(0));
  EXPECT_TRUE(refusal_of([&] { with(1); }).says("waits for ever at the barrier"));
  EXPECT_TRUE(refusal_of([&] { with(2); }).says("thread 0 at the one in line"));
}

SIMT_KERNEL(kThreads) shuffle_kernel(float* to, int who) {
  const int i = simt::thread();
  if (who == 0) to[i] = simt::shuffle_xor(1.0F, 1);
  if (who == 1 && i != 5) to[i] = simt::shuffle_xor(1.0F, 1);  // one stays away
  if (who == 2) {                                              // half of them at another
    if (i % 2 == 0)
      to[i] = simt::shuffle_xor(1.0F, 1);
    else
      to[i] = simt::shuffle_xor(2.0F, 1);
  }
}

TEST_P(EveryOrder, ADivergentShuffleIsFound) {
  std::vector<float> to(kThreads);
  const auto with = [&](int who) {
    simt::launch(stream(), {1, kThreads}, shuffle_kernel, to.data(), who);
  };
  EXPECT_NO_THROW(with(0));
  EXPECT_TRUE(refusal_of([&] { with(1); }).says("waits for ever for its warp at shuffle_xor"));
  EXPECT_TRUE(refusal_of([&] { with(2); }).says("a lane of its warp at shuffle_xor"));
}

// One that does not wait sees what was there before, unless copies land at once, and ends too early
// in any case.
SIMT_KERNEL(kThreads) copy_kernel(float* to, const float* from, int64_t inside, bool wait) {
  auto* const values = simt::shared<float>();
  const int i = simt::thread();
  simt::copy_async(values + 4 * i, from + (i < inside ? 4 * i : 0), i < inside);
  simt::commit_copies();
  if (wait) simt::wait_copies<0>();
  simt::barrier();
  for (int j = 0; j < 4; ++j) to[4 * i + j] = values[4 * i + j];
}

TEST_P(EveryOrder, AsynchronousCopiesMustBeWaitedFor) {
  const auto from = TestTensor::random(DType::kF32, {4 * kThreads}, 1);
  auto to = from.poisoned();
  const auto with = [&](bool wait) {
    simt::launch(stream(), {1, kThreads, 4 * kThreads * sizeof(float)}, copy_kernel,
                 to.tensor().as<float>(), static_cast<const float*>(from.tensor().as<float>()),
                 int64_t{50}, wait);
  };
  with(true);
  for (int64_t i = 0; i < to.size(); ++i) EXPECT_EQ(to.get(i), i < 200 ? from.get(i) : 0.0) << i;
  EXPECT_TRUE(refusal_of([&] { with(false); }).says("ends before its asynchronous copies"));
}

// c = a b through the fragments a GPU has, against plain loops.
template <class F>
SIMT_KERNEL(simt::kWarp)
tile_kernel(float* c, const F* a, const F* b) {
  F *const rows = simt::shared<F>(), *const columns =
                                         rows + 16 * 16;  // a [16, 16], b [16, 8] in 16 columns
  const int lane = simt::lane();
  for (int i = lane; i < 256; i += simt::kWarp) rows[i] = a[i];
  for (int i = lane; i < 256; i += simt::kWarp) columns[i] = b[i];
  simt::barrier();
  uint32_t left[4], right[4];
  simt::load_matrices<false>(left, rows + lane % 16 * 16 + lane / 16 * 8);
  simt::load_matrices<true>(right, columns + lane % 16 * 16 + lane / 16 * 8);
  for (int half = 0; half < 2; ++half) {
    float sum[4] = {};
    simt::multiply_add<F>(sum, left, right[2 * half], right[2 * half + 1]);
    for (int i = 0; i < 4; ++i)
      c[(lane / 4 + i / 2 * 8) * 16 + half * 8 + lane % 4 * 2 + i % 2] = sum[i];
  }
}

template <class F>
void expect_tile_product(const kernels::Stream& s) {
  const TestTensor a = TestTensor::random(DTypeOf<F>::value, {16, 16}, 1),
                   b = TestTensor::random(DTypeOf<F>::value, {16, 16}, 2);
  TestTensor c(DType::kF32, {16, 16});
  simt::launch(s, {1, simt::kWarp, 2 * 256 * sizeof(F)}, tile_kernel<F>, c.tensor().as<float>(),
               static_cast<const F*>(a.tensor().as<F>()),
               static_cast<const F*>(b.tensor().as<F>()));
  for (int64_t i = 0; i < 16; ++i)
    for (int64_t j = 0; j < 16; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < 16; ++k) sum += a.get(i * 16 + k) * b.get(k * 16 + j);
      EXPECT_NEAR(c.get(i * 16 + j), sum, 1e-5) << i << " " << j;
    }
}

TEST_P(EveryOrder, TensorCoresMultiply) {
  expect_tile_product<BFloat16>(stream());
  expect_tile_product<Float16>(stream());
}

SIMT_KERNEL(kThreads) order_kernel(int64_t* next, int64_t* order) {
  if (simt::thread() == 0) order[(*next)++] = simt::block();
}

TEST(Emulator, BlocksRunInManyOrders) {
  std::set<std::vector<int64_t>> seen;
  for (const Order order : {Order::kForward, Order::kReverse, Order::kRandom}) {
    simt::Queue queue{{order, 3}};
    kernels::Stream s{.device = Device::kCuda};
    s.queue = &queue;
    int64_t next = 0;
    std::vector<int64_t> blocks(9);
    simt::launch(s, {9, kThreads}, order_kernel, &next, blocks.data());
    EXPECT_EQ(std::set<int64_t>(blocks.begin(), blocks.end()).size(), 9U);
    seen.insert(blocks);
  }
  EXPECT_EQ(seen.size(), 3U);
}

TEST(Emulator, RefusesBlocksThatAreNoWholeWarps) {
  const kernels::Stream s{.device = Device::kCuda};
  for (const int threads : {0, 31, 48, 1056})
    EXPECT_THROW(simt::launch(s, {1, threads}, barrier_kernel, 0), Error) << threads;
}

}  // namespace
}  // namespace albert::testing
