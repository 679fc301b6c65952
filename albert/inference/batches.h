#pragma once
// What all uses of a model do with texts of different lengths, and with what it gives.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "albert/base/error.h"

namespace albert {

// The indices of the lengths, equal ones in their order.
inline std::vector<size_t> longest_first(const std::vector<size_t>& lengths) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
  return order;
}

// Calls `compute` with the indices of each batch of at most `batch_size` texts, which have
// `lengths` tokens: longest first, so that batches hold texts of like length, and memory runs out
// in the first or never.
inline void for_batches_by_length(const std::vector<size_t>& lengths, int64_t batch_size,
                                  const std::function<void(std::span<const size_t>)>& compute) {
  const std::vector<size_t> order = longest_first(lengths);
  const std::span<const size_t> all = order;
  const auto most = static_cast<size_t>(batch_size);
  for (size_t at = 0; at < all.size(); at += most)
    compute(all.subspan(at, std::min(most, all.size() - at)));
}

// The same with batches of at most `batch_tokens` tokens; a text that has more is one of its own.
inline void for_batches_by_tokens(const std::vector<size_t>& lengths, int64_t batch_tokens,
                                  const std::function<void(std::span<const size_t>)>& compute) {
  const std::vector<size_t> order = longest_first(lengths);
  const std::span<const size_t> all = order;
  const auto most = static_cast<size_t>(batch_tokens);
  for (size_t at = 0; at < all.size();) {
    size_t tokens = lengths[all[at]], end = at + 1;
    while (end < all.size() && tokens + lengths[all[end]] <= most) tokens += lengths[all[end++]];
    compute(all.subspan(at, end - at));
    at = end;
  }
}

// Probabilities, in f64, of a span or vector of float or double.
template <class Outputs>
std::vector<double> softmax(const Outputs& outputs) {
  const double largest = static_cast<double>(*std::max_element(outputs.begin(), outputs.end()));
  std::vector<double> p;
  double sum = 0;
  for (const auto output : outputs) {
    p.push_back(std::exp(static_cast<double>(output) - largest));
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

// Error(kMismatch) where an output is infinite or NaN. `place` says which model: "", or its folder
// and ": ".
inline void check_finite(std::span<const float> outputs, const std::string& place = "") {
  if (!std::all_of(outputs.begin(), outputs.end(), [](float v) { return std::isfinite(v); }))
    fail(ErrorCode::kMismatch, place,
         "the model gives outputs that are not finite; are its weights damaged, or too large for "
         "this precision?");
}

}  // namespace albert
