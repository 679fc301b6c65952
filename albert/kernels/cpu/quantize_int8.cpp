// Sums have sixteen parts and products are not fused with additions, whatever the instruction set:
// all of them choose the same scales.
#include <algorithm>
#include <cmath>
#include <limits>

#include "albert/kernels/cpu/gemm_int8.h"
#include "albert/kernels/cpu/types.h"
#include "albert/kernels/cpu/vector_math.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

constexpr int kParts = 16;
constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the
                                       // low bits

// The largest magnitudes that are taken for zero: their squares and reciprocals have no room.
constexpr float kNothing = 1e-30F;

struct Extremes {
  float low, high;
};

inline Extremes extremes_of(const float* x, int64_t k) {
  float low[kParts] = {}, high[kParts] = {};
  const int64_t whole = k / kParts * kParts;
  for (int64_t i = 0; i < whole; i += kParts)
#pragma omp simd
    for (int l = 0; l < kParts; ++l) {
      const float value = x[i + l];
      low[l] = value < low[l] ? value : low[l];
      high[l] = value > high[l] ? value : high[l];
    }
  for (int64_t i = whole; i < k; ++i) {
    low[0] = x[i] < low[0] ? x[i] : low[0];
    high[0] = x[i] > high[0] ? x[i] : high[0];
  }
  for (int l = 1; l < kParts; ++l) {
    low[0] = low[l] < low[0] ? low[l] : low[0];
    high[0] = high[l] > high[0] ? high[l] : high[0];
  }
  return {low[0], high[0]};
}

inline float sum_of(const float (&parts)[kParts]) {
  float sum = 0;
  for (const float part : parts) sum += part;
  return sum;
}

// The sum of (factor x)^2; NaN where x is not finite.
inline float sum_of_squares(const float* x, int64_t k, float factor) {
  float parts[kParts] = {};
  const int64_t whole = k / kParts * kParts;
  for (int64_t i = 0; i < whole; i += kParts)
#pragma omp simd
    for (int l = 0; l < kParts; ++l) {
      const float value = x[i + l] * factor;
      parts[l] += value * value;
    }
  for (int64_t i = whole; i < k; ++i) parts[0] += (x[i] * factor) * (x[i] * factor);
  return sum_of(parts);
}

struct RowScale {
  float step;
  int32_t zero;
};

// The 8 bits reach kInt8Clip root mean squares, or less far where the row does. 254 steps leave
// room for the rounding of `zero`.
RowScale scale_of(const float* x, int64_t k) {
  const Extremes e = extremes_of(x, k);
  const float largest = e.high > -e.low ? e.high : -e.low;
  const float factor = largest > kNothing ? 1 / largest : 1;
  const float squares = sum_of_squares(x, k, factor);
  if (!(squares <= static_cast<float>(k) * 2)) return {std::numeric_limits<float>::quiet_NaN(), 0};
  if (!(largest > kNothing)) return {0, 0};
  const float limit = kInt8Clip * largest * std::sqrt(squares / static_cast<float>(k));
  const float high = e.high < limit ? e.high : limit, low = e.low > -limit ? e.low : -limit;
  const float step = high / 254 - low / 254;
  return {step, bits_of_float(-low / step + kRound) - bits_of_float(kRound)};
}

// Notes which of x [k] lie beyond 8 bits.
void find_extras(const Int8Rows& to, const float* x, int64_t begin, int64_t end, float inverse,
                 int32_t zero) {
  for (int64_t i = begin; i < end; ++i) {
    const int32_t q = bits_of_float(x[i] * inverse + kRound) - bits_of_float(kRound) + zero;
    const int32_t rest = q < 0 ? q : q > 255 ? q - 255 : 0;
    if (rest != 0 && *to.extra_counts < to.capacity)
      to.extras[(*to.extra_counts)++] = {static_cast<int32_t>(i), rest};
  }
}

// Sets words to q of x [k], each in a T, with zeros behind them.
template <class T>
void quantize(const Int8Rows& to, const float* x, int64_t k, RowScale scale) {
  constexpr int64_t kBlock = 64;
  T* values = reinterpret_cast<T*>(to.words);
  const float inverse = 1 / scale.step;
  for (int64_t begin = 0; begin < k; begin += kBlock) {
    const int64_t n = std::min(kBlock, k - begin);
    int32_t beyond = 0;
#pragma omp simd reduction(| : beyond)
    for (int64_t i = 0; i < n; ++i) {
      const int32_t q =
          bits_of_float(x[begin + i] * inverse + kRound) - bits_of_float(kRound) + scale.zero;
      beyond |= q;
      values[begin + i] = static_cast<T>(q < 0 ? 0 : q > 255 ? 255 : q);
    }
    if (beyond & ~255) find_extras(to, x, begin, begin + n, inverse, scale.zero);
  }
  for (int64_t i = k; i < to.groups * to.group; ++i) values[i] = 0;
}

void quantize_row(const Int8Rows& to, const float* x, int64_t k) {
  const RowScale scale = scale_of(x, k);
  *to.scales = scale.step;
  *to.zeros = scale.zero;
  *to.extra_counts = 0;
  if (!(scale.step > 0))
    std::fill_n(to.words, to.groups, 0);
  else if (to.group == 4)
    quantize<uint8_t>(to, x, k, scale);
  else
    quantize<int16_t>(to, x, k, scale);
}

// The squared error of w [k] as multiples of `scale` up to 127, in units of `scale`.
float squared_error(const float* w, int64_t k, float scale) {
  float parts[kParts] = {};
  const float inverse = 1 / scale;
  const auto error = [=](float value) {
    const float exact = value * inverse;
    float q = exact + kRound - kRound;
    q = q > 127 ? 127 : q < -127 ? -127 : q;
    return (q - exact) * (q - exact);
  };
  const int64_t whole = k / kParts * kParts;
  for (int64_t i = 0; i < whole; i += kParts)
#pragma omp simd
    for (int l = 0; l < kParts; ++l) parts[l] += error(w[i + l]);
  for (int64_t i = whole; i < k; ++i) parts[0] += error(w[i]);
  return sum_of(parts);
}

// Whether w [k] are multiples of `scale` but for rounding, judged by the first of them. Multiples
// of chance would have an error of 1 / 12 each.
bool on_grid(const float* w, int64_t k, float scale) {
  constexpr int64_t kSome = 64;
  constexpr float kRounding = 1e-6F;
  const int64_t n = k < kSome ? k : kSome;
  return squared_error(w, n, scale) <= kRounding * static_cast<float>(n);
}

// The scale with the smallest squared error among those that clip and the coarser one that a weight
// quantized elsewhere may have had; `largest` is the largest magnitude. NaN where w is not finite.
float best_scale(const float* w, int64_t k, float largest) {
  constexpr int kCoarsest = 32, kClips = 24;
  constexpr float kClipStep = 0.025F;
  float best = std::numeric_limits<float>::quiet_NaN(),
        least = std::numeric_limits<float>::infinity();
  const auto attempt = [&](float share) {
    const float error = squared_error(w, k, largest * share) * share * share;
    if (error < least) best = largest * share, least = error;
  };
  for (int steps = 126; steps >= kCoarsest; --steps)
    if (on_grid(w, k, largest / static_cast<float>(steps))) attempt(1 / static_cast<float>(steps));
  for (int clip = 0; clip <= kClips; ++clip)
    attempt((1 - kClipStep * static_cast<float>(clip)) / 127);
  return best;
}

}  // namespace

void int8_quantize_rows(Stream, const Int8Rows& to, const float* x, int64_t rows, int64_t k) {
  for (int64_t r = 0; r < rows; ++r) quantize_row(to.from(r), x + r * k, k);
}

float int8_quantize_weight(Stream, int8_t* q, const float* w, int64_t k) {
  const Extremes e = extremes_of(w, k);
  const float largest = e.high > -e.low ? e.high : -e.low;
  std::fill_n(q, k, int8_t{0});
  if (!(largest > kNothing)) return sum_of_squares(w, k, 1) * 0;  // 0, or NaN
  const float scale = best_scale(w, k, largest);
  if (!(scale > 0)) return scale;
  const float inverse = 1 / scale;
  for (int64_t i = 0; i < k; ++i) {
    const int32_t value = bits_of_float(w[i] * inverse + kRound) - bits_of_float(kRound);
    q[i] = static_cast<int8_t>(value > 127 ? 127 : value < -127 ? -127 : value);
  }
  return scale;
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
