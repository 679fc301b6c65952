#include "apps/bench/ceiling.h"

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

}  // namespace
}  // namespace albert::bench
