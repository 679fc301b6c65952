#pragma once
#include "kernels/dtype.h"

namespace albert {

// What a model computes in. Master weights, gradients, statistics and losses are accumulator(compute) always.
enum class Precision : uint8_t { kF32, kF64, kBF16 };

constexpr DType compute_dtype(Precision p) {
  return p == Precision::kF64 ? DType::kF64 : p == Precision::kBF16 ? DType::kBF16 : DType::kF32;
}
constexpr DType master_dtype(Precision p) { return accumulator(compute_dtype(p)); }

}  // namespace albert
