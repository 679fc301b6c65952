#include "albert/engine/binary16.h"

#include <algorithm>
#include <cmath>

#include "albert/kernels/dtype.h"

namespace albert {
namespace {

constexpr int kMantissaBits = 10;
constexpr int kMinExponent = -14;  // of the smallest normal number
constexpr int kMaxExponent = 15;
constexpr uint16_t kInfinity = 0x7c00;
constexpr uint16_t kQuietNan = 0x7e00;

// The bits of a finite, non-negative value.
uint16_t magnitude_bits(double value) {
  if (value == 0) return 0;
  const int exponent = std::max(std::ilogb(value), kMinExponent);
  if (exponent > kMaxExponent) return kInfinity;
  // In units of the last place; below 2^11 after scaling, so nearbyint (to even, the default mode)
  // is exact.
  const auto units =
      static_cast<uint32_t>(std::nearbyint(std::ldexp(value, kMantissaBits - exponent)));
  // Subnormals have biased exponent 0 and no hidden bit; a carry out of the mantissa moves to the
  // next exponent.
  const auto base = static_cast<uint32_t>(exponent - kMinExponent) << kMantissaBits;
  return static_cast<uint16_t>(base + units);
}

}  // namespace

uint16_t half_bits(double value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return sign | kQuietNan;
  return sign | (std::isinf(value) ? kInfinity : magnitude_bits(std::fabs(value)));
}

float half_value(uint16_t bits) {
  Float16 half;
  half.bits = bits;
  return static_cast<float>(half);
}

}  // namespace albert
