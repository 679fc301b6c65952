#include "albert/inference/max_context.h"

#include <algorithm>
#include <cstddef>

namespace albert {

std::vector<std::vector<bool>> max_context(const std::vector<int64_t>& sizes, int64_t step) {
  struct Best {
    double score = -1;
    size_t window = 0;
  };
  std::vector<Best> best;  // of each token of the text
  const auto place = [&](size_t w, int64_t token) {
    return static_cast<size_t>(static_cast<int64_t>(w) * step + token);
  };
  for (size_t w = 0; w < sizes.size(); ++w)
    for (int64_t t = 0, n = sizes[w]; t < n; ++t) {
      const double score =
          static_cast<double>(std::min(t, n - 1 - t)) + 0.01 * static_cast<double>(n);
      if (place(w, t) >= best.size()) best.resize(place(w, t) + 1);
      if (score > best[place(w, t)].score) best[place(w, t)] = {score, w};
    }
  std::vector<std::vector<bool>> marked(sizes.size());
  for (size_t w = 0; w < sizes.size(); ++w)
    for (int64_t t = 0; t < sizes[w]; ++t) marked[w].push_back(best[place(w, t)].window == w);
  return marked;
}

}  // namespace albert
