#pragma once
// exp, tanh, erf and sigmoid have no branches and no calls here, so that loops over them become
// vector code. Errors are against the exact function; tests/kernels/vector_math_test.cpp covers the
// whole range. f64 calls libm. This file is compiled once per instruction set, as types.h says.
#include <cmath>
#include <cstdint>
#include <cstring>

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

inline float float_of_bits(int32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline int32_t bits_of_float(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// The relative error is below 2e-7. Small results become denormal and then 0, large ones infinite;
// NaN stays NaN.
inline float exp_approx(float x) {
  const float capped = x > 89.0F ? 89.0F : x;
  const float clamped = capped < -104.0F ? -104.0F : capped;
  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits.
  constexpr float kRound = 12582912.0F;
  const float shifted = clamped * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (clamped - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  const int32_t exponent = bits_of_float(shifted) - bits_of_float(kRound);
  // 2^n has two factors, since n can be more than one exponent field holds.
  const int32_t half = exponent >> 1;
  return p * float_of_bits((half + 127) << 23) * float_of_bits((exponent - half + 127) << 23);
}
inline double exp_approx(double x) { return std::exp(x); }

// The absolute error is below 2e-7, the relative one below 4e-7.
inline float tanh_approx(float x) {
  const float magnitude = std::fabs(x);
  const float z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  const float near_zero = p * z * x + x;
  const float far = std::copysign(1.0F - 2.0F / (exp_approx(2.0F * magnitude) + 1.0F), x);
  return magnitude < 0.625F ? near_zero : far;
}
inline double tanh_approx(double x) { return std::tanh(x); }

// The absolute error is below 2e-7, the relative one below 4e-7.
inline float erf_approx(float x) {
  const float magnitude = std::fabs(x);
  const float z = x * x;
  float t = 7.853861353153693e-5F;
  t = t * z - 8.010193625184903e-4F;
  t = t * z + 5.188327685732524e-3F;
  t = t * z - 2.685381193529856e-2F;
  t = t * z + 1.128358514861418e-1F;
  t = t * z - 3.761262582423300e-1F;
  t = t * z + 1.128379165726710F;
  const float near_zero = x * t;
  // Beyond 1 this is 1 - erfc, with erfc = exp(-x^2) q P(q^2) and q = 1 / |x|.
  const float q = 1.0F / (magnitude < 1.0F ? 1.0F : magnitude), q2 = q * q;
  float p = 2.326819970068386e-2F;
  p = p * q2 - 1.387039388740657e-1F;
  p = p * q2 + 3.687424674597105e-1F;
  p = p * q2 - 5.824733027278666e-1F;
  p = p * q2 + 6.210004621745983e-1F;
  p = p * q2 - 4.944515323274145e-1F;
  p = p * q2 + 3.404879937665872e-1F;
  p = p * q2 - 2.741127028184656e-1F;
  p = p * q2 + 5.638259427386472e-1F;
  const float far = std::copysign(1.0F - exp_approx(-z) * q * p, x);
  return magnitude < 1.0F ? near_zero : far;
}
inline double erf_approx(double x) { return std::erf(x); }

// Returns 1 / (1 + exp(-x)) with a relative error below 4e-7.
template <class T>
inline T sigmoid(T x) {
  return T(1) / (T(1) + exp_approx(-x));
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
