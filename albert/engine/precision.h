#pragma once
#include "albert/kernels/dtype.h"

namespace albert {

// The compute type F of a model. Master weights, gradients, statistics and losses are always in
// accumulator(F). f16 runs on GPUs only, and training in it needs a scaled loss
// (albert/kernels/update_factors.h).
enum class Precision : uint8_t { kF32, kF64, kBF16, kF16 };

// The format of the encoder's weights: as the precision has them, or in 8 bits with a scale per
// output (albert/kernels/linear_int8.h), which is for inference in f32 on the CPU.
enum class WeightFormat : uint8_t { kFull, kInt8 };

constexpr DType compute_dtype(Precision p) {
  switch (p) {
    case Precision::kF64: return DType::kF64;
    case Precision::kBF16: return DType::kBF16;
    case Precision::kF16: return DType::kF16;
    case Precision::kF32: break;
  }
  return DType::kF32;
}
constexpr DType master_dtype(Precision p) { return accumulator(compute_dtype(p)); }

}  // namespace albert
