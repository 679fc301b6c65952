#pragma once
#include <cstdint>

namespace albert {

// Learning rate of each step. Warm-up and decay in the two readings found in use
// (albert.md 5.1, 5.2).
struct Schedule {
  enum class Shape : uint8_t {
    kLinear,      // transformers: 0 -> peak over warm-up, then to 0 over what is left
    kGooglePoly,  // Google: peak * (1 - step / total)^power over all steps; warm-up overrides its
                  // beginning
  };
  Shape shape = Shape::kLinear;
  double peak = 5e-5;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;
  double power = 1;  // kGooglePoly

  double at(int64_t step) const;  // step counts updates from 0
};

}  // namespace albert
