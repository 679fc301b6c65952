#pragma once
#include <map>

#include "kernels/profile.h"

namespace albert::bench {

// What the machine does at most, measured here and now with oneDNN alone on all threads: the same products, each
// operand in the layout it likes best. Each shape is measured once.
class Ceiling {
 public:
  // `seconds`: a measurement takes at least, five times over.
  explicit Ceiling(int threads, double seconds = 0.04) : threads_(threads), seconds_(seconds) {}

  double matmul_flops(const kernels::MatmulShape& shape);  // a second
  double best_flops();                                     // of a large square product, f32
  double copy_bytes();                                     // read and written a second, from beyond the caches

  // Seconds that the products of a profile would take at their own rates; `products`: with flops done.
  double seconds_of(const std::map<kernels::MatmulShape, kernels::KernelUse>& products);

 private:
  int threads_;
  double seconds_;
  std::map<kernels::MatmulShape, double> rates_;
};

}  // namespace albert::bench
