// A block of rows and columns is summed in registers over the whole inner dimension. Compiled once
// per instruction set, and once more for those with VNNI, as gemm_int8.h says.
#include "albert/kernels/cpu/gemm_int8.h"

#include <algorithm>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace albert::kernels::cpu::ALBERT_CPU_ISA {
namespace {

// Each instruction set has a vector of sums, one per column; loads the weights of as many columns;
// and adds to the sums the products with one word of x.
#if defined(__AVX512VNNI__)
constexpr int kBytes = 64, kVectors = 4, kRows = 6, kGroup = 4;
#elif defined(__AVX512F__)
constexpr int kBytes = 64, kVectors = 4, kRows = 6, kGroup = 2;
#elif defined(__AVXVNNI__)
constexpr int kBytes = 32, kVectors = 2, kRows = 6, kGroup = 4;
#elif defined(__AVX2__)
constexpr int kBytes = 32, kVectors = 2, kRows = 4, kGroup = 2;
#else
constexpr int kBytes = 16, kVectors = 2, kRows = 4, kGroup = 2;
#endif
constexpr int kLanes = kBytes / 4, kSliver = kVectors * kLanes;
static_assert(kInt8Columns % kSliver == 0);

typedef int32_t Sum __attribute__((vector_size(kBytes)));
typedef float Floats __attribute__((vector_size(kBytes)));

template <class V>
inline V load(const void* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

#if defined(__AVX512VNNI__)
using Weights = __m512i;
inline Weights weights_at(const int8_t* from) { return _mm512_loadu_si512(from); }
inline Sum dot(Sum sum, int32_t word, Weights w) {
  return Sum(_mm512_dpbusd_epi32(__m512i(sum), _mm512_set1_epi32(word), w));
}
#elif defined(__AVX512F__)
using Weights = __m512i;
inline Weights weights_at(const int8_t* from) { return _mm512_cvtepi8_epi16(load<__m256i>(from)); }
inline Sum dot(Sum sum, int32_t word, Weights w) {
  return sum + Sum(_mm512_madd_epi16(_mm512_set1_epi32(word), w));
}
#elif defined(__AVXVNNI__)
using Weights = __m256i;
inline Weights weights_at(const int8_t* from) { return load<__m256i>(from); }
inline Sum dot(Sum sum, int32_t word, Weights w) {
  return Sum(_mm256_dpbusd_avx_epi32(__m256i(sum), _mm256_set1_epi32(word), w));
}
#elif defined(__AVX2__)
using Weights = __m256i;
inline Weights weights_at(const int8_t* from) { return _mm256_cvtepi8_epi16(load<__m128i>(from)); }
inline Sum dot(Sum sum, int32_t word, Weights w) {
  return sum + Sum(_mm256_madd_epi16(_mm256_set1_epi32(word), w));
}
#elif defined(__SSE2__)
using Weights = __m128i;
inline Weights weights_at(const int8_t* from) {
  const __m128i w = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  return _mm_srai_epi16(_mm_unpacklo_epi8(w, w), 8);
}
inline Sum dot(Sum sum, int32_t word, Weights w) {
  return sum + Sum(_mm_madd_epi16(_mm_set1_epi32(word), w));
}
#else
struct Weights {
  Sum even, odd;
};
inline Weights weights_at(const int8_t* from) {
  Weights w;
  for (int i = 0; i < kLanes; ++i) w.even[i] = from[2 * i], w.odd[i] = from[2 * i + 1];
  return w;
}
inline Sum dot(Sum sum, int32_t word, Weights w) {
  const int32_t low = static_cast<int16_t>(word), high = word >> 16;
  return sum + low * w.even + high * w.odd;
}
#endif

constexpr int64_t kStep = kSliver * kGroup;  // bytes of a sliver for one word of x
constexpr int kVectorStep = kLanes * kGroup;

// Adds what an activation has beyond its 8 bits. u8 has no sign and takes 8 bits at a time.
inline void add_extra(Sum (&sum)[kVectors], const int8_t* sliver, Int8Extra extra) {
  const int8_t* from = sliver + extra.column / kGroup * kStep;
  const int shift = extra.column % kGroup * (32 / kGroup);
  for (int v = 0; v < kVectors; ++v) {
    const Weights w = weights_at(from + v * kVectorStep);
    if constexpr (kGroup == 2) {
      const auto word = static_cast<uint32_t>(extra.rest & 0xffff) << shift;
      sum[v] = dot(sum[v], static_cast<int32_t>(word), w);
    } else {
      const auto size = static_cast<uint32_t>(std::abs(extra.rest));
      Sum part = dot(Sum{}, static_cast<int32_t>((size & 0xff) << shift), w);
      if (size > 0xff) part += dot(Sum{}, static_cast<int32_t>((size >> 8) << shift), w) << 8;
      sum[v] = extra.rest < 0 ? sum[v] - part : sum[v] + part;
    }
  }
}

// The columns of a sliver and where their results go.
struct Columns {
  const int8_t* values;
  const float* scales;
  const int32_t* sums;
  const float* bias;  // [kSliver], or null
  float* y;
  int64_t y_stride;
};

inline void write(float* y, const Columns& to, const Sum (&sum)[kVectors], int32_t zero,
                  float scale) {
  for (int v = 0; v < kVectors; ++v) {
    const Sum whole = sum[v] - zero * load<Sum>(to.sums + v * kLanes);
    Floats result =
        __builtin_convertvector(whole, Floats) * (scale * load<Floats>(to.scales + v * kLanes));
    if (to.bias) result += load<Floats>(to.bias + v * kLanes);
    __builtin_memcpy(y + v * kLanes, &result, sizeof result);
  }
}

template <int kCount>
void multiply_sliver(const Columns& to, const Int8Rows& x) {
  Sum sum[kCount][kVectors] = {};
  const int8_t* from = to.values;
  for (int64_t g = 0; g < x.groups; ++g, from += kStep) {
    Weights w[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) w[v] = weights_at(from + v * kVectorStep);
#pragma GCC unroll 6
    for (int r = 0; r < kCount; ++r) {
      const int32_t word = x.words[r * x.groups + g];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = dot(sum[r][v], word, w[v]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kCount; ++r) {
    for (int32_t e = 0; e < x.extra_counts[r]; ++e)
      add_extra(sum[r], to.values, x.extras[r * x.capacity + e]);
    write(to.y + r * to.y_stride, to, sum[r], x.zeros[r], x.scales[r]);
  }
}

template <int kCount>
void multiply_rows(const Columns& to, const Int8Rows& x, int64_t rows) {
  if (rows == kCount) return multiply_sliver<kCount>(to, x);
  if constexpr (kCount > 1) multiply_rows<kCount - 1>(to, x, rows);
}

void multiply_column(Columns to, const Int8Task& t) {
  for (int64_t r = 0; r < t.rows; r += kRows) {
    Columns here = to;
    here.y += r * to.y_stride;
    multiply_rows<kRows>(here, t.x.from(r), std::min<int64_t>(kRows, t.rows - r));
  }
}

// Computes the last columns, which are fewer than a sliver has.
void multiply_last(Columns to, const Int8Task& t, int64_t cols) {
  alignas(64) float bias[kSliver] = {}, y[kRows * kSliver];
  if (to.bias) std::copy_n(to.bias, cols, bias);
  for (int64_t r = 0; r < t.rows; r += kRows) {
    const int64_t rows = std::min<int64_t>(kRows, t.rows - r);
    const Columns here{to.values, to.scales, to.sums, to.bias ? bias : nullptr, y, kSliver};
    multiply_rows<kRows>(here, t.x.from(r), rows);
    for (int64_t i = 0; i < rows; ++i)
      std::copy_n(y + i * kSliver, cols, to.y + (r + i) * to.y_stride);
  }
}

void multiply(const Int8Task& t) {
  for (int64_t column = 0; column < t.cols; column += kSliver) {
    const Columns to{t.weights.values + column * t.x.groups * kGroup,
                     t.weights.scales + column,
                     t.weights.sums + column,
                     t.bias ? t.bias + column : nullptr,
                     t.y + column,
                     t.y_stride};
    if (column + kSliver <= t.cols)
      multiply_column(to, t);
    else
      multiply_last(to, t, t.cols - column);
  }
}

void pack(int8_t* to, const int8_t* q, int64_t cols, int64_t k) {
  const int64_t groups = blocks_of(k, 4) * (4 / kGroup);
  for (int64_t column = 0; column < kInt8Columns; ++column) {
    int8_t* sliver = to + column / kSliver * groups * kStep + column % kSliver * kGroup;
    for (int64_t i = 0; i < groups * kGroup; ++i)
      sliver[i / kGroup * kStep + i % kGroup] = column < cols && i < k ? q[column * k + i] : 0;
  }
}

}  // namespace

Int8Gemm int8_gemm() { return {kGroup, pack, multiply}; }

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
