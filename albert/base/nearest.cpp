#include "albert/base/nearest.h"

#include <algorithm>

namespace albert {
namespace {

// Optimal string alignment distance; the rows i - 2, i - 1 and i of its table.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back, back(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({back[j] + 1, now[j - 1] + 1, back[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], two_back[j - 2] + 1);
    }
    two_back = back;
    back = now;
  }
  return back[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  if (name.size() > 100) return best;
  for (const auto& candidate : candidates) {
    const size_t distance = edits(name, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace albert
