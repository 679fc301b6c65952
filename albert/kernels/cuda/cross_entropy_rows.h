#pragma once
// Shared by the kernels of cross-entropy: the log of a sum of exp, by the threads of a block.
#include <cmath>

#include "albert/kernels/cross_entropy.h"
#include "albert/kernels/cuda/loops.h"

namespace albert::kernels::cuda {

// exp of a number that is not above 0, or of one not far above it.
SIMT_DEVICE float exp_of(float x) { return simt::exp2(x * 1.4426950408889634F); }  // log2(e)
SIMT_DEVICE double exp_of(double x) { return std::exp(x); }

// Keeps the sum of exp of the numbers seen so far as sum * exp(max), in one pass over memory, and
// where the largest was seen first.
template <class A>
struct RunningSum {
  A max = -static_cast<A>(INFINITY), sum = 0;
  int64_t best;  // of the add() that brought the largest

  // Adds N numbers. NaN is never the largest: it makes the sum NaN.
  template <int N>
  SIMT_DEVICE void add(const A (&x)[N], int64_t at) {
    A most = max;
#pragma unroll
    for (int i = 0; i < N; ++i) most = x[i] > most ? x[i] : most;
    best = most > max ? at : best;
    const A shift = most == -static_cast<A>(INFINITY) ? A(0) : most;
    sum *= exp_of(max - shift);
#pragma unroll
    for (int i = 0; i < N; ++i) sum += exp_of(x[i] - shift);
    max = most;
  }
  // Returns the log of the sum over the block's threads to all of them, in f64. `most` becomes the
  // largest of their numbers.
  SIMT_DEVICE double log_over_block(A& most, A* scratch, double* wide_scratch) const {
    most = block_max(max, scratch);
    const A share = max == most ? sum : sum * exp_of(max - most);
    const double total = block_sum(static_cast<double>(share), wide_scratch);
    return static_cast<double>(most) + std::log(total);
  }
};

// Shared memory of the row kernels: scratch in f64 and in the accumulator type.
constexpr size_t kScratchBytes = 2 * kMaxWarps * sizeof(double);
SIMT_DEVICE double* wide_scratch() { return simt::shared<double>(); }
template <class A>
SIMT_DEVICE A* scratch() {
  return reinterpret_cast<A*>(wide_scratch() + kMaxWarps);
}

}  // namespace albert::kernels::cuda
