#pragma once
// The factors of dropout for a run of columns. Included by *_cpu.cpp only, once per instruction set.
#include "kernels/cpu_types.h"
#include "kernels/dropout.h"
#include "kernels/philox.h"

namespace albert::kernels::cpu::ALBERT_CPU_ISA {

constexpr int64_t kPhiloxColumns = 4;  // decided by one Philox block

// factors[i] = 0 or 1 / (1 - p) for columns [begin, begin + n) of one row; begin is a multiple of 4.
template <class A>
inline void dropout_factors(A* factors, const Dropout& d, int64_t row_id, int64_t begin, int64_t n) {
  const uint32_t threshold = dropout_threshold(d.probability);
  const A kept = static_cast<A>(1 / (1 - d.probability));
  for (int64_t i = 0; i < n; i += kPhiloxColumns) {
    const auto block = static_cast<uint32_t>((begin + i) / kPhiloxColumns);
    const PhiloxBlock random = dropout_block(d.seed, d.step, d.site, row_id, block);
    const int64_t count = n - i < kPhiloxColumns ? n - i : kPhiloxColumns;
    for (int64_t j = 0; j < count; ++j) factors[i + j] = random.word[j] >= threshold ? kept : A(0);
  }
}

}  // namespace albert::kernels::cpu::ALBERT_CPU_ISA
