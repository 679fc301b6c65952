#pragma once
// Gradients against central differences, in f64, of the projection of a function's outputs on
// random upstreams.
#include <functional>

#include "tests/support/compare.h"
#include "tests/support/tensors.h"

namespace albert::testing {

// d f / d x by central differences of 4th order; f reads x (f64) and returns the projected scalar.
inline std::vector<double> numeric_gradient(TestTensor& x, const std::function<double()>& f,
                                            double step = 1e-3) {
  std::vector<double> gradient(static_cast<size_t>(x.size()));
  for (int64_t i = 0; i < x.size(); ++i) {
    const double at = x.get(i);
    const auto shifted = [&](double by) {
      x.set(i, at + by);
      return f();
    };
    gradient[static_cast<size_t>(i)] =
        (8 * (shifted(step) - shifted(-step)) - (shifted(2 * step) - shifted(-2 * step))) /
        (12 * step);
    x.set(i, at);
  }
  return gradient;
}

// sum of y * upstream: the scalar whose gradient a backward kernel returns when given `upstream`.
inline double projection(const TestTensor& y, const TestTensor& upstream) {
  double total = 0;
  for (int64_t i = 0; i < y.size(); ++i) total += y.get(i) * upstream.get(i);
  return total;
}

}  // namespace albert::testing
