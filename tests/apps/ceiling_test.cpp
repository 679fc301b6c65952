#include "apps/bench/ceiling.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace albert::bench {
namespace {

using kernels::MatmulShape;

std::unique_ptr<Ceiling> by_backend(Precision precision = Precision::kF32) {
  return make_backend_ceiling(kernels::make_backend({.device = Device::kCpu, .threads = 1}),
                              precision, 0);
}

TEST(Ceiling, OfABackendTakesEveryShapeOfAProduct) {
  const auto ceiling = by_backend();
  for (const DType dtype : {DType::kF32, DType::kBF16})
    for (const MatmulShape& shape :
         {MatmulShape{.m = 70, .n = 30, .k = 500, .packed = true, .dtype = dtype},
          {.m = 70, .n = 30, .k = 500, .dtype = dtype},
          {.m = 70, .n = 30, .k = 500, .transpose_a = true, .dtype = dtype},
          {.m = 70, .n = 30, .k = 500, .transpose_b = true, .dtype = dtype}}) {
      const double rate = ceiling->matmul_flops(shape);
      EXPECT_GT(rate, 1e6);
      EXPECT_TRUE(std::isfinite(rate));
    }
}

TEST(Ceiling, IsMeasuredOncePerShapeWithoutWhatComesWithIt) {
  for (const auto& ceiling : {by_backend(), make_cpu_ceiling(1, 0)}) {
    MatmulShape shape{.m = 60, .n = 64, .k = 64, .packed = true};
    const double rate = ceiling->matmul_flops(shape);
    shape.bias = true;
    shape.activation = kernels::Activation::kGelu;
    EXPECT_EQ(ceiling->matmul_flops(shape), rate);
    EXPECT_DOUBLE_EQ(ceiling->seconds_of({{shape, {.calls = 3, .seconds = 1}}}),
                     3 * shape.flops() / rate);
  }
}

TEST(Ceiling, IsOfTheTypeThatIsComputedIn) {
  EXPECT_EQ(by_backend(Precision::kBF16)->large().dtype, DType::kBF16);
  EXPECT_EQ(by_backend(Precision::kF32)->large().dtype, DType::kF32);
  EXPECT_EQ(make_cpu_ceiling(1, 0)->large().dtype, DType::kF32);
}

// Counts what is copied to the device and the most that is held there at once.
class CountingBackend final : public kernels::Backend {
 public:
  kernels::Stream stream() override { return cpu_->stream(); }
  std::string description() const override { return "counts"; }
  void* allocate(size_t bytes) override {
    largest = std::max(largest, bytes);
    return cpu_->allocate(bytes);
  }
  void release(void* block, size_t bytes) noexcept override { cpu_->release(block, bytes); }
  bool host_accessible() const override { return true; }
  void copy_to_device(void* device, const void* host, size_t bytes) override {
    uploaded += bytes;
    cpu_->copy_to_device(device, host, bytes);
  }
  void copy_to_host(void* host, const void* device, size_t bytes) override {
    cpu_->copy_to_host(host, device, bytes);
  }
  void clear(void* device, size_t bytes) override { cpu_->clear(device, bytes); }
  void synchronize() override {}

  static inline size_t uploaded = 0, largest = 0;

 private:
  std::unique_ptr<kernels::Backend> cpu_ =
      kernels::make_backend({.device = Device::kCpu, .threads = 1});
};

// Operands of gigabytes, filled by the host, would take longer than what is measured.
TEST(Ceiling, OperandsComeFromOnePatternAndAreNoLongerThanTheyMust) {
  CountingBackend::uploaded = CountingBackend::largest = 0;
  const auto ceiling =
      make_backend_ceiling(std::make_unique<CountingBackend>(), Precision::kF32, 0);
  EXPECT_GT(ceiling->matmul_flops({.m = 3, .n = 2, .k = 8'000'000, .transpose_a = true}), 1e6);
  EXPECT_GT(ceiling->matmul_flops({.m = 3, .n = 5, .k = 7}), 0);
  EXPECT_GT(ceiling->matmul_flops({.m = 1000, .n = 1, .k = 6000}), 0);  // more than the pattern
  EXPECT_EQ(CountingBackend::uploaded, size_t{16} << 20);
  EXPECT_EQ(CountingBackend::largest, 1000U * 6000 * 4);
}

}  // namespace
}  // namespace albert::bench
