#include "albert/trainer/tasks/scores/correlation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "albert/base/error.h"

namespace albert {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool has_nan(std::span<const double> values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

bool is_constant(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); });
}

// The differences from the mean, divided by their norm.
std::vector<double> normalised(std::span<const double> values) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  std::vector<double> result;
  double largest = 0, squares = 0;
  for (const double value : values) {
    result.push_back(value - mean);
    largest = std::max(largest, std::fabs(result.back()));
  }
  // Divided by the largest first: the squares of very large or small numbers are none.
  for (const double value : result) squares += (value / largest) * (value / largest);
  const double norm = largest * std::sqrt(squares);
  for (double& value : result) value /= norm;
  return result;
}

template <class Difference>
double mean_of(std::span<const double> a, std::span<const double> b, Difference difference) {
  ALBERT_CHECK(a.size() == b.size(), "two lists of one length");
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += difference(a[i] - b[i]);
  return a.empty() ? 0 : sum / static_cast<double>(a.size());
}

}  // namespace

double pearson(std::span<const double> a, std::span<const double> b) {
  ALBERT_CHECK(a.size() == b.size(), "two lists of one length");
  if (a.size() < 2 || has_nan(a) || has_nan(b) || is_constant(a) || is_constant(b)) return kNan;
  const auto x = normalised(a), y = normalised(b);
  const double r = std::clamp(std::inner_product(x.begin(), x.end(), y.begin(), 0.0), -1.0, 1.0);
  return a.size() == 2 ? std::round(r) : r;
}

double spearman(std::span<const double> a, std::span<const double> b) {
  ALBERT_CHECK(a.size() == b.size(), "two lists of one length");
  if (has_nan(a) || has_nan(b)) return kNan;
  return pearson(ranks_of(a), ranks_of(b));
}

std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return values[i] < values[j]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double mean = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = mean;
  }
  return ranks;
}

double mean_squared_error(std::span<const double> a, std::span<const double> b) {
  return mean_of(a, b, [](double d) { return d * d; });
}

double mean_absolute_error(std::span<const double> a, std::span<const double> b) {
  return mean_of(a, b, [](double d) { return std::fabs(d); });
}

}  // namespace albert
