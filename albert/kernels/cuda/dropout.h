#pragma once
// The factors of dropout on a GPU.
#include "albert/kernels/cuda/types.h"
#include "albert/kernels/dropout.h"
#include "albert/kernels/philox.h"

namespace albert::kernels::cuda {

constexpr int kPhiloxColumns = 4;  // columns that one Philox block decides

// The operand form of Dropout, as a kernel takes it.
template <class A>
struct DropoutFactors {
  explicit DropoutFactors(const Dropout& d)
      : seed(d.seed),
        step(d.step),
        seed_and_step(data<const uint64_t>(d.seed_and_step)),
        site(d.site),
        threshold(dropout_threshold(d.probability)),
        kept(static_cast<A>(1 / (1 - d.probability))),
        row_ids(d.probability > 0 ? data<const int64_t>(d.row_ids) : nullptr) {}

  // factor[i] = 0 or 1 / (1 - p) for columns [column, column + N) of a row; 1 where dropout is off.
  // column: a multiple of N, which is 1, 2 or a multiple of kPhiloxColumns.
  template <int N>
  SIMT_DEVICE void fill(A (&factor)[N], int64_t row, int64_t column) const {
    PhiloxBlock random = {};
    const auto within = static_cast<int>(column % kPhiloxColumns);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      if (row_ids && i % kPhiloxColumns == 0)
        random = block(row, static_cast<uint32_t>((column + i) / kPhiloxColumns));
      const uint32_t word =
          N % kPhiloxColumns == 0 ? random.word[i % kPhiloxColumns] : chosen(random, within + i);
      factor[i] = !row_ids ? A(1) : word >= threshold ? kept : A(0);
    }
  }

  uint64_t seed, step;
  const uint64_t* seed_and_step;  // null: the two above
  uint32_t site, threshold;
  A kept;
  const int64_t* row_ids;  // null: off

 private:
  SIMT_DEVICE PhiloxBlock block(int64_t row, uint32_t number) const {
    const uint64_t s = seed_and_step ? seed_and_step[0] : seed,
                   t = seed_and_step ? seed_and_step[1] : step;
    return dropout_block(s, t, site, row_ids[row], number);
  }
  // Selects word[i] without an index, which would put the block into memory.
  static SIMT_DEVICE uint32_t chosen(const PhiloxBlock& random, int i) {
    const uint32_t low = i == 0 ? random.word[0] : random.word[1],
                   high = i == 2 ? random.word[2] : random.word[3];
    return i < 2 ? low : high;
  }
};

}  // namespace albert::kernels::cuda
