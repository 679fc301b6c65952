#include "apps/bench/timing.h"

#include <algorithm>
#include <cmath>

namespace albert::bench {

double Sample::quantile(double q) const {
  if (rounds.empty()) return std::nan("");
  std::vector<double> sorted = rounds;
  std::sort(sorted.begin(), sorted.end());
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double Sample::spread() const { return (quantile(1) - quantile(0)) / median(); }

Sample measure_rate(int rounds, double seconds, const std::function<double()>& work) {
  work();
  Sample sample;
  for (int r = 0; r < rounds; ++r) {
    const auto start = Clock::now();
    double amount = 0, taken = 0;
    do {
      amount += work();
      taken = seconds_since(start);
    } while (taken < seconds);
    sample.rounds.push_back(amount / taken);
  }
  return sample;
}

}  // namespace albert::bench
