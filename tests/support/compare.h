#pragma once
// The one way tests compare numbers. NaN never passes; an empty comparison fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace albert::testing {

// Largest |actual - expected| / scale. `scale`: the largest |expected|, or `floor` if that is
// larger. NaN if any value is NaN or the lengths differ or there is nothing to compare.
inline double relative_error(std::span<const double> actual, std::span<const double> expected,
                             double floor = 0) {
  if (actual.size() != expected.size() || actual.empty()) return std::nan("");
  double scale = floor, error = 0;
  for (const double e : expected) scale = std::max(scale, std::fabs(e));
  for (size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::fabs(actual[i] - expected[i]);
    if (std::isnan(difference)) return std::nan("");
    error = std::max(error, difference);
  }
  return error == 0 ? 0 : error / scale;
}

// EXPECT_TRUE(close(actual, expected, 1e-5)) << "which tensor";
inline ::testing::AssertionResult close(std::span<const double> actual,
                                        std::span<const double> expected, double tolerance,
                                        double floor = 0) {
  const double error = relative_error(actual, expected, floor);
  if (error <= tolerance) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "relative error " << error << " over " << tolerance << " (" << actual.size()
         << " values, " << expected.size() << " expected)";
}

}  // namespace albert::testing
