#pragma once
// The factors of dropout for a run of columns. This file is compiled once per instruction set, as
// types.h says.
#include "albert/kernels/cpu/types.h"
#include "albert/kernels/dropout.h"
#include "albert/kernels/philox.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

constexpr int64_t kPhiloxColumns = 4;  // one Philox block decides so many columns
constexpr int64_t kPhiloxBlocks = 16;  // so many are made at once, as vector code

// Fills words[0 .. 4 * kPhiloxBlocks) with those of blocks first, first + 1 and so on.
inline void philox_words(uint32_t* words, const Dropout& d, int64_t row_id, uint32_t first) {
  const uint64_t seed = d.seed, step = d.step;
  const uint32_t site = d.site;
#pragma omp simd
  for (uint32_t b = 0; b < kPhiloxBlocks; ++b) {
    const PhiloxBlock random = dropout_block(seed, step, site, row_id, first + b);
    words[4 * b] = random.word[0];
    words[4 * b + 1] = random.word[1];
    words[4 * b + 2] = random.word[2];
    words[4 * b + 3] = random.word[3];
  }
}

// Sets factors[i] to 0 or 1 / (1 - p) for columns [begin, begin + n) of one row, where begin is a
// multiple of 4.
template <class A>
inline void dropout_factors(A* factors, const Dropout& d, int64_t row_id, int64_t begin,
                            int64_t n) {
  constexpr int64_t kRun = kPhiloxColumns * kPhiloxBlocks;
  const uint32_t threshold = dropout_threshold(d.probability);
  const A kept = static_cast<A>(1 / (1 - d.probability));
  uint32_t words[kRun];
  for (int64_t i = 0; i < n; i += kRun) {
    philox_words(words, d, row_id, static_cast<uint32_t>((begin + i) / kPhiloxColumns));
    const int64_t count = std::min(kRun, n - i);
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) factors[i + j] = words[j] >= threshold ? kept : A(0);
  }
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
