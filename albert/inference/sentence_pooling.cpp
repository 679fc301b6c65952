#include "albert/inference/sentence_pooling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

const std::array<std::pair<Pooling, std::string>, 7>& names() {
  static const std::array<std::pair<Pooling, std::string>, 7> table{
      {{Pooling::kCls, "cls"},
       {Pooling::kMax, "max"},
       {Pooling::kMean, "mean"},
       {Pooling::kMeanSqrtLen, "mean_sqrt_len_tokens"},
       {Pooling::kWeightedMean, "weightedmean"},
       {Pooling::kLastToken, "lasttoken"},
       {Pooling::kPooler, "pooler"}}};
  return table;
}

// The states of the tokens that count.
struct Rows {
  std::span<const float> states;
  int64_t first, end;
  size_t features;

  std::span<const float> row(int64_t i) const {
    return states.subspan(static_cast<size_t>(i) * features, features);
  }
};

// The sum of the rows, each times weight(its number from 1), divided by `divisor`.
template <class Weight>
void weighted_sum(const Rows& rows, double divisor, std::span<float> pooled, Weight weight) {
  std::vector<double> sum(rows.features, 0);
  for (int64_t i = rows.first; i < rows.end; ++i) {
    const double w = weight(i + 1);
    const auto row = rows.row(i);
    for (size_t f = 0; f < rows.features; ++f) sum[f] += w * static_cast<double>(row[f]);
  }
  for (size_t f = 0; f < rows.features; ++f) pooled[f] = static_cast<float>(sum[f] / divisor);
}

void largest(const Rows& rows, std::span<float> pooled) {
  std::fill(pooled.begin(), pooled.end(), -std::numeric_limits<float>::infinity());
  for (int64_t i = rows.first; i < rows.end; ++i) {
    const auto row = rows.row(i);
    for (size_t f = 0; f < rows.features; ++f) pooled[f] = std::max(pooled[f], row[f]);
  }
}

}  // namespace

Pooling pooling_named(const std::string& name) {
  for (const auto& [pooling, its_name] : names())
    if (its_name == name) return pooling;
  fail(ErrorCode::kUsage, "pooling: found ", in_quotes(name), ", wanted ", one_of(pooling_names()));
}

const std::string& name_of(Pooling pooling) {
  return names().at(static_cast<size_t>(pooling)).second;
}

std::vector<std::string> pooling_names() {
  std::vector<std::string> all;
  for (const auto& [pooling, name] : names()) all.push_back(name);
  return all;
}

void pool(Pooling pooling, std::span<const float> states, int64_t tokens, int64_t skipped,
          std::span<float> pooled) {
  const Rows rows{states, std::min(skipped, tokens), tokens, pooled.size()};
  const auto n = static_cast<double>(rows.end - rows.first);
  constexpr double kLeast = 1e-9;  // sentence-transformers' divisor of nothing
  const auto one = [](int64_t) { return 1.0; };
  switch (pooling) {
    case Pooling::kCls: {
      const auto row = rows.row(rows.first < rows.end ? rows.first : 0);
      std::copy(row.begin(), row.end(), pooled.begin());
      return;
    }
    case Pooling::kLastToken: {
      const auto row = rows.row(tokens - 1);
      std::copy(row.begin(), row.end(), pooled.begin());
      return;
    }
    case Pooling::kMax: return largest(rows, pooled);
    case Pooling::kMean: return weighted_sum(rows, std::max(n, kLeast), pooled, one);
    case Pooling::kMeanSqrtLen:
      return weighted_sum(rows, std::sqrt(std::max(n, kLeast)), pooled, one);
    case Pooling::kWeightedMean: {
      const double weights = n * static_cast<double>(rows.first + 1 + rows.end) / 2;
      return weighted_sum(rows, std::max(weights, kLeast), pooled,
                          [](int64_t number) { return static_cast<double>(number); });
    }
    case Pooling::kPooler: break;
  }
  fail(ErrorCode::kInternal, "the model's pooler is no function of all tokens");
}

}  // namespace albert
