#pragma once
#include <chrono>
#include <functional>
#include <vector>

namespace albert::bench {

using Clock = std::chrono::steady_clock;
inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Repeated measurements of one quantity.
struct Sample {
  std::vector<double> rounds;
  double median() const { return quantile(0.5); }
  double quantile(double q) const;  // linear between neighbours, as numpy
  double spread() const;            // (largest - smallest) / median
};

// Runs rounds of at least `seconds` each, after one call that is not counted. `work` does a piece
// and returns its amount; the sample holds amounts per second.
Sample measure_rate(int rounds, double seconds, const std::function<double()>& work);

}  // namespace albert::bench
