// The emulated GPU keeps host and device apart, as a real one does, and replays what it recorded.
#include "albert/kernels/emulator/backend.h"

#include <gtest/gtest.h>

#include "albert/engine/session.h"
#include "albert/engine/transfer.h"
#include "albert/kernels/row_ops.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

using kernels::Buffer;
using kernels::Grad;
using kernels::simt::EmulatedBackend;

class EmulatedGpu : public ::testing::Test {
 protected:
  // A [4] f32 tensor of the GPU's.
  Tensor floats(const Buffer& buffer) const { return {buffer.data(), {4}, DType::kF32}; }
  std::vector<float> values(Tensor t) {
    const HostTensor host = download(backend_, t);
    return {host.data<float>(), host.data<float>() + host.size()};
  }
  EmulatedBackend backend_{{.device = Device::kCuda}};
};

TEST_F(EmulatedGpu, CopiesThereAndBack) {
  const Buffer buffer(backend_, 16);
  EXPECT_EQ(values(floats(buffer)), std::vector<float>(4, 0));
  upload(backend_, floats(buffer), HostTensor::of<float>({4}, {1, 2, 3, 4}));
  EXPECT_EQ(values(floats(buffer)), (std::vector<float>{1, 2, 3, 4}));
  backend_.clear(static_cast<std::byte*>(buffer.data()) + 4, 8);
  EXPECT_EQ(values(floats(buffer)), (std::vector<float>{1, 0, 0, 4}));
}

TEST_F(EmulatedGpu, ResultsAreThoseOfWhenTheyWereAskedFor) {
  const Buffer buffer(backend_, 16);
  upload(backend_, floats(buffer), HostTensor::of<float>({4}, {1, 2, 3, 4}));
  const auto before = start_download(backend_, floats(buffer));
  backend_.clear(buffer.data(), 16);
  EXPECT_EQ(before.get().at<float>(3), 4);
  EXPECT_EQ(start_download(backend_, {buffer.data(), {0, 3}, DType::kF32}).get().size(), 0);
}

TEST_F(EmulatedGpu, ProductsWorkInMemoryOfTheArena) {
  Session session({.device = Device::kCuda});
  for (int64_t n : {1, 5000})
    session.run(Mode::kTraining, [&](Tape& t) {
      const auto* workspace = static_cast<const std::byte*>(t.stream().workspace);
      const size_t bytes = session.backend().workspace_bytes();
      EXPECT_GT(bytes, 0U);
      EXPECT_EQ(t.stream().workspace_bytes, bytes);
      const Tensor first = t.save({n}, DType::kF32);
      EXPECT_GE(static_cast<const std::byte*>(first.data), workspace + bytes);
      EXPECT_LE(static_cast<const std::byte*>(first.data), workspace + bytes + Arena::kAlignment);
    });
  EXPECT_GE(session.last_peak(), session.backend().workspace_bytes() + 20000);
}

TEST_F(EmulatedGpu, HasMemoryThatTheHostCannotTouch) {
  const Buffer buffer(backend_, 16);
  EXPECT_DEATH(*floats(buffer).as<float>() = 1, "");
  EXPECT_DEATH(std::printf("%f", static_cast<double>(*floats(buffer).as<float>())), "");
}

TEST_F(EmulatedGpu, RefusesKernelsOnTheHostsMemory) {
  const Buffer buffer(backend_, 16);
  std::vector<float> host(4);
  const Tensor view{host.data(), {4}, DType::kF32};
  EXPECT_THROW(kernels::accumulate(backend_.stream(), floats(buffer), Grad::kAssign, view), Error);
  EXPECT_THROW(kernels::accumulate(backend_.stream(), view, Grad::kAssign, floats(buffer)), Error);
  EXPECT_THROW(backend_.copy_to_device(host.data(), host.data(), 16), Error);
  kernels::accumulate(backend_.stream(), floats(buffer), Grad::kAssign, floats(buffer));
}

TEST_F(EmulatedGpu, RefusesOperandsThatEndOutsideTheirBlock) {
  const Buffer a(backend_, 16), b(backend_, 16);
  const Tensor beyond{a.data(), {2048}, DType::kF32}, inside{b.data(), {4}, DType::kF32};
  EXPECT_THROW(kernels::accumulate(backend_.stream(), beyond, Grad::kAssign, beyond), Error);
  kernels::accumulate(backend_.stream(), inside, Grad::kAdd, floats(a));
}

TEST_F(EmulatedGpu, RecordsWithoutRunningAndReplays) {
  const Buffer a(backend_, 16), b(backend_, 16);
  upload(backend_, floats(a), HostTensor::of<float>({4}, {1, 2, 3, 4}));
  backend_.begin_capture();
  kernels::accumulate(backend_.stream(), floats(b), Grad::kAdd, floats(a));
  EXPECT_THROW(backend_.copy_to_host(nullptr, b.data(), 0), Error);
  const auto recording = backend_.end_capture();
  EXPECT_EQ(values(floats(b)), std::vector<float>(4, 0));
  recording->replay();
  recording->replay();
  EXPECT_EQ(values(floats(b)), (std::vector<float>{2, 4, 6, 8}));
}

TEST_F(EmulatedGpu, SaysWhenItsMemoryIsFull) {
  backend_.set_memory_limit(3 * 4096);
  const Buffer first(backend_, 8192);
  try {
    const Buffer second(backend_, 8192);
    FAIL() << "there was no room";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
  }
  const Buffer second(backend_, 4096);
}

}  // namespace
}  // namespace albert::testing
