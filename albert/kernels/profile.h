#pragma once
// Shows where a step's time goes: hand a Profile to Backend::profile_into(), and every kernel call
// is timed.
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "albert/kernels/activation.h"

namespace albert::kernels {

// The shape of one matmul call: c [m, n] from inner size k.
struct MatmulShape {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false, packed = false, bias = false;
  Activation activation = Activation::kIdentity;
  DType dtype = DType::kF32;
  double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
  auto operator<=>(const MatmulShape&) const = default;
};

struct KernelUse {
  int64_t calls = 0;
  double seconds = 0;
};

struct Profile {
  std::map<std::string, KernelUse> kernels;
  std::map<MatmulShape, KernelUse> matmuls;  // the matmuls among them, shape by shape
  std::function<void()> wait;  // on a GPU, waits for the queue before and after each call
};

}  // namespace albert::kernels
