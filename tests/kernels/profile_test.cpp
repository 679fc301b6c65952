// Every call is counted once, with its shape where it is a matmul, and nothing when nobody listens.
#include "albert/kernels/profile.h"

#include <gtest/gtest.h>

#include "albert/kernels/backend.h"
#include "albert/kernels/layer_norm.h"
#include "albert/kernels/matmul.h"

namespace albert::testing {
namespace {

using namespace kernels;

TEST(Profile, CountsCallsAndShapes) {
  const auto backend = make_backend({.threads = 1});
  const Buffer a(*backend, 4 * 6 * 4), b(*backend, 6 * 5 * 4), c(*backend, 4 * 5 * 4);
  const Tensor ta{a.data(), {4, 6}, DType::kF32}, tb{b.data(), {6, 5}, DType::kF32},
      tc{c.data(), {4, 5}, DType::kF32};
  Profile profile;
  matmul(backend->stream(), tc, ta, tb, {});
  backend->profile_into(&profile);
  matmul(backend->stream(), tc, ta, tb, {});
  matmul(backend->stream(), tc, ta, tb, {.accumulate = true});
  Stream dry = backend->stream();
  dry.device = Device::kMeta;
  matmul(dry, tc, ta, tb, {});
  bias_activation_forward(backend->stream(), tc, tc, {}, Activation::kRelu);
  backend->profile_into(nullptr);
  matmul(backend->stream(), tc, ta, tb, {});
  ASSERT_EQ(profile.kernels.size(), 2U);
  EXPECT_EQ(profile.kernels.at("matmul").calls, 2);
  EXPECT_GT(profile.kernels.at("matmul").seconds, 0);
  EXPECT_EQ(profile.kernels.at("bias_activation_forward").calls, 1);
  ASSERT_EQ(profile.matmuls.size(), 1U);
  const auto& [shape, use] = *profile.matmuls.begin();
  EXPECT_EQ(use.calls, 2);
  EXPECT_EQ(shape.m, 4);
  EXPECT_EQ(shape.n, 5);
  EXPECT_EQ(shape.k, 6);
  EXPECT_EQ(shape.flops(), 240);
}

// Numbers its marks, which lie `number` seconds from the first.
class Marks final : public QueueClock {
 public:
  explicit Marks(int& read) : read_(read) {}
  size_t mark() noexcept override { return marks_++; }
  double seconds_between(size_t from, size_t to) override {
    ++read_;
    return static_cast<double>(to * to - from * from);
  }

 private:
  int& read_;
  size_t marks_ = 0;
};

// What is only queued when a call returns would else be timed as nothing.
TEST(Profile, CallsOfAQueueAreTimedByItsMarks) {
  const auto backend = make_backend({.threads = 1});
  const Buffer a(*backend, 4 * 4);
  const Tensor t{a.data(), {2, 2}, DType::kF32};
  int read = 0;
  Profile profile;
  profile.clock = std::make_unique<Marks>(read);
  backend->profile_into(&profile);
  bias_activation_forward(backend->stream(), t, t, {}, Activation::kRelu);  // marks 0 and 1
  matmul(backend->stream(), t, t, t, {});                                   // 2 and 3
  bias_activation_forward(backend->stream(), t, t, {}, Activation::kRelu);  // 4 and 5
  EXPECT_EQ(read, 0);
  EXPECT_TRUE(profile.kernels.empty());
  backend->profile_into(nullptr);
  collect(profile);
  EXPECT_EQ(read, 3);
  EXPECT_EQ(profile.kernels.at("bias_activation_forward").calls, 2);
  EXPECT_EQ(profile.kernels.at("bias_activation_forward").seconds, 1 + 9);
  EXPECT_EQ(profile.kernels.at("matmul").seconds, 5);
  EXPECT_EQ(profile.matmuls.begin()->second.seconds, 5);
  EXPECT_EQ(profile.clock, nullptr);
  EXPECT_TRUE(profile.queued.empty());
}

}  // namespace
}  // namespace albert::testing
