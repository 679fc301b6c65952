#pragma once
// Element types, and the 16-bit floats as plain storage. Shared with CUDA sources: C++17, no
// third-party headers.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>

#if defined(__CUDACC__)
#define ALBERT_HOST_DEVICE __host__ __device__
#else
#define ALBERT_HOST_DEVICE
#endif

namespace albert {

enum class DType : uint8_t { kF32, kF64, kBF16, kF16, kI32, kI64, kU8 };

constexpr size_t size_of(DType t) {
  switch (t) {
    case DType::kF64:
    case DType::kI64: return 8;
    case DType::kF32:
    case DType::kI32: return 4;
    case DType::kBF16:
    case DType::kF16: return 2;
    case DType::kU8: return 1;
  }
  return 0;
}

constexpr const char* name_of(DType t) {
  switch (t) {
    case DType::kF32: return "f32";
    case DType::kF64: return "f64";
    case DType::kBF16: return "bf16";
    case DType::kF16: return "f16";
    case DType::kI32: return "i32";
    case DType::kI64: return "i64";
    case DType::kU8: return "u8";
  }
  return "?";
}
inline std::ostream& operator<<(std::ostream& out, DType t) { return out << name_of(t); }

constexpr bool is_float(DType t) {
  return t == DType::kF32 || t == DType::kF64 || t == DType::kBF16 || t == DType::kF16;
}

// The type that holds sums, statistics, losses and parameter gradients of F.
constexpr DType accumulator(DType t) { return t == DType::kF64 ? DType::kF64 : DType::kF32; }

ALBERT_HOST_DEVICE inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}
ALBERT_HOST_DEVICE inline float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// bfloat16 storage: the upper half of an f32, rounded to nearest even; NaN stays NaN. GPUs convert
// by instructions of their own (cuda/simt): its conversions are for the host, as Float16's are.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const uint32_t u = bits_of(value);
    const uint32_t rounded = (u + 0x7fffU + ((u >> 16) & 1U)) >> 16;
    const bool nan = (u & 0x7fffffffU) > 0x7f800000U;
    bits = static_cast<uint16_t>(nan ? (u >> 16) | 0x40U : rounded);
  }
  explicit operator float() const { return float_of(static_cast<uint32_t>(bits) << 16); }
};

// IEEE binary16 storage, rounded to nearest even; beyond 65504 infinity, NaN stays NaN.
struct Float16 {
  uint16_t bits = 0;

  Float16() = default;
  explicit Float16(float value) {
    const uint32_t u = bits_of(value), magnitude = u & 0x7fffffffU;
    uint32_t half;
    if (magnitude > 0x7f800000U) {
      half = 0x7e00U;
    } else if (magnitude >= 0x477ff000U) {  // 65520, which rounds up
      half = 0x7c00U;
    } else if (magnitude <
               0x38800000U) {  // below 2^-14: a multiple of 2^-24, which adding 0.5 rounds to
      half = bits_of(float_of(magnitude) + 0.5F) - 0x3f000000U;
    } else {
      half = (magnitude - 0x38000000U + 0xfffU + ((magnitude >> 13) & 1U)) >> 13;
    }
    bits = static_cast<uint16_t>(half | ((u >> 16) & 0x8000U));
  }
  explicit operator float() const {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16, magnitude = bits & 0x7fffU;
    const float small = static_cast<float>(magnitude) * 5.9604644775390625e-8F;  // 2^-24
    const uint32_t wide = magnitude >= 0x7c00U ? 0x7f800000U | (magnitude & 0x3ffU) << 13
                          : magnitude < 0x400U ? bits_of(small)
                                               : (magnitude << 13) + 0x38000000U;
    return float_of(sign | wide);
  }
};

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kF32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kF64;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::kBF16;
};
template <>
struct DTypeOf<Float16> {
  static constexpr DType value = DType::kF16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::kI32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::kI64;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::kU8;
};

}  // namespace albert
