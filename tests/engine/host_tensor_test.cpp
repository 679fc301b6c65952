#include "albert/engine/host_tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

uint16_t bits16(double value, DType dtype) {
  uint16_t bits;
  const HostTensor narrow = HostTensor::of<double>({1}, {value}).to(dtype);
  std::memcpy(&bits, narrow.raw(), sizeof bits);
  return bits;
}
uint16_t f16(double value) { return bits16(value, DType::kF16); }
uint16_t bf16(double value) { return bits16(value, DType::kBF16); }

TEST(HostTensor, HalvesRoundToNearestEven) {
  EXPECT_EQ(f16(1), 0x3c00);
  EXPECT_EQ(f16(-2), 0xc000);
  EXPECT_EQ(f16(1 + 0x1p-11), 0x3c00);            // a tie, down to even
  EXPECT_EQ(f16(1 + 3 * 0x1p-11), 0x3c02);        // a tie, up to even
  EXPECT_EQ(f16(1 + 0x1p-11 + 0x1p-40), 0x3c01);  // no tie; in f32 it would look like one
  EXPECT_EQ(f16(2 - 0x1p-12), 0x4000);            // carries into the exponent
}

TEST(HostTensor, HalvesAtTheEndsOfTheirRange) {
  EXPECT_EQ(f16(65504), 0x7bff);
  EXPECT_EQ(f16(65519.99), 0x7bff);
  EXPECT_EQ(f16(65520), 0x7c00);
  EXPECT_EQ(f16(1e300), 0x7c00);
  EXPECT_EQ(f16(-kInf), 0xfc00);
  EXPECT_EQ(f16(0x1p-14), 0x0400);
  EXPECT_EQ(f16(0x1p-14 - 0x1p-25),
            0x0400);  // the largest subnormal and a half rounds into the normal numbers
  EXPECT_EQ(f16(0x1p-24), 0x0001);
  EXPECT_EQ(f16(0x1p-25), 0x0000);  // a tie, down to even
  EXPECT_EQ(f16(0x1p-25 + 0x1p-60), 0x0001);
  EXPECT_EQ(f16(-0.0), 0x8000);
  EXPECT_EQ(f16(-1e-300), 0x8000);
  EXPECT_EQ(f16(std::nan("")) & 0x7e00, 0x7e00);
}

TEST(HostTensor, BFloatsRoundOnceFromF64) {
  EXPECT_EQ(bf16(1), 0x3f80);
  EXPECT_EQ(bf16(1 + 0x1p-8), 0x3f80);            // a tie, down to even
  EXPECT_EQ(bf16(1 + 0x1p-8 + 0x1p-40), 0x3f81);  // no tie; in f32 it would look like one
  EXPECT_EQ(bf16(1 + 0x1p-8 - 0x1p-40), 0x3f80);
  EXPECT_EQ(bf16(1 + 3 * 0x1p-8 - 0x1p-40), 0x3f81);
  EXPECT_EQ(bf16(-1e300), 0xff80);
  EXPECT_EQ(bf16(kInf), 0x7f80);
  EXPECT_EQ(bf16(1e-300), 0x0000);
  EXPECT_EQ(bf16(std::nan("")) & 0x7fc0, 0x7fc0);
}

TEST(HostTensor, IntegersConvertExactlyOrNotAtAll) {
  const auto refuses = [](auto value, DType to) {
    return refusal_of([&] { HostTensor::of<decltype(value)>({1}, {value}).to(to); }).code ==
           ErrorCode::kBadData;
  };
  EXPECT_EQ(HostTensor::of<double>({1}, {-2.9}).to(DType::kI32).at<int32_t>(0), -2);
  EXPECT_EQ(HostTensor::of<double>({1}, {-2147483648.5}).to(DType::kI32).at<int32_t>(0), INT32_MIN);
  EXPECT_EQ(HostTensor::of<double>({1}, {-0x1p63}).to(DType::kI64).at<int64_t>(0), INT64_MIN);
  EXPECT_EQ(HostTensor::of<double>({1}, {-0.5}).to(DType::kU8).at<uint8_t>(0), 0);
  EXPECT_EQ(HostTensor::of<int64_t>({1}, {(int64_t{1} << 24) + 1}).to(DType::kF64).at<double>(0),
            16777217.0);
  EXPECT_TRUE(refuses(2147483648.0, DType::kI32));
  EXPECT_TRUE(refuses(0x1p63, DType::kI64));
  EXPECT_TRUE(refuses(std::nan(""), DType::kI64));
  EXPECT_TRUE(refuses(kInf, DType::kU8));
  EXPECT_TRUE(refuses(int64_t{256}, DType::kU8));
  EXPECT_TRUE(refuses(int32_t{-1}, DType::kU8));
  EXPECT_TRUE(refuses(int64_t{1} << 31, DType::kI32));
}

TEST(HostTensor, ImpossibleShapesAreRefused) {
  const auto code = [](std::vector<int64_t> shape) {
    return refusal_of([&] { HostTensor(DType::kF32, shape); }).code;
  };
  EXPECT_EQ(code({2, -1}), ErrorCode::kBadData);
  EXPECT_EQ(code({int64_t{1} << 62}), ErrorCode::kBadData);
  EXPECT_EQ(code({int64_t{1} << 32, int64_t{1} << 32}), ErrorCode::kBadData);
}

// The GPU's storage type against the rounding of files: every f16 there and back, and every f32
// pattern in steps of a prime, ties and subnormals among them.
TEST(Float16, RoundsAsFilesDo) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    Float16 half;
    half.bits = static_cast<uint16_t>(bits);
    const float value = static_cast<float>(half);
    if (!std::isnan(value)) {
      ASSERT_EQ(f16(static_cast<double>(value)), bits);
      ASSERT_EQ(Float16(value).bits, bits);
    }
  }
  for (uint64_t bits = 0; bits < 0x100000000; bits += 4093) {
    const float value = float_of(static_cast<uint32_t>(bits));
    ASSERT_EQ(Float16(value).bits & (std::isnan(value) ? 0x7fff : 0xffff),
              f16(static_cast<double>(value)) & (std::isnan(value) ? 0x7fff : 0xffff))
        << value;
  }
  for (uint64_t bits = 0x33000000; bits < 0x47800000;
       bits += 0x1000) {  // ties, and just beside them
    for (const uint64_t near : {bits - 1, bits, bits + 1}) {
      const float value = float_of(static_cast<uint32_t>(near));
      ASSERT_EQ(Float16(value).bits, f16(static_cast<double>(value))) << value;
    }
  }
}

TEST(HostTensor, ScalarsAndEmptyTensors) {
  const HostTensor scalar(DType::kF64, {}), none(DType::kF64, {3, 0});
  EXPECT_EQ(scalar.size(), 1);
  EXPECT_FALSE(scalar.empty());
  EXPECT_EQ(none.size(), 0);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.to(DType::kI32).shape_string(), "[3, 0]");
  EXPECT_EQ(HostTensor().size(), 0);
}

TEST(HostTensor, TheWrongTypeIsNotHandedOut) {
  HostTensor t(DType::kF32, {2});
  EXPECT_EQ(refusal_of([&] { t.data<int32_t>(); }).code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace albert::testing
