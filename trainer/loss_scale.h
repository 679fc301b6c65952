#pragma once
#include <algorithm>
#include <cstdint>

namespace albert {

// What an f16 loss is multiplied by so that small gradients survive: halved when one overflows (that update is
// skipped), doubled after 2,000 updates without, as torch.amp.GradScaler. Powers of two, which round nothing.
struct LossScale {
  static constexpr double kStart = 65536, kLeast = 1;
  static constexpr int64_t kPatience = 2000;

  double value = 1;
  int64_t good_steps = 0;  // since it last changed

  // After an update that was applied, or was not for gradients that are not finite. True when that only meant that the
  // scale was too large.
  bool adjust(bool applied) {
    if (applied) {
      if (++good_steps < kPatience) return false;
      value *= 2;
      good_steps = 0;
      return false;
    }
    good_steps = 0;
    if (value <= kLeast) return false;
    value = std::max(kLeast, value / 2);
    return true;
  }
};

}  // namespace albert
