#pragma once
#include <cstdint>

namespace albert {

// The learning rate of each step, with warm-up and decay as Google's scripts or as transformers
// have them (docs/albert.md, section 5).
struct Schedule {
  enum class Shape : uint8_t {
    kLinear,      // transformers: from 0 to peak over the warm-up, then to 0 over the other steps
    kGooglePoly,  // Google: peak * (1 - step / total)^power; the warm-up replaces its beginning
  };
  Shape shape = Shape::kLinear;
  double peak = 5e-5;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;
  double power = 1;               // kGooglePoly
  int64_t start_warmup_step = 0;  // the warm-up begins there, and its steps are counted from there

  double at(int64_t step) const;  // of the update number `step`, from 0; 0 before the warm-up
};

}  // namespace albert
