#include "albert/engine/argsort.h"

#include <cstddef>
#include <numeric>

namespace albert {

std::vector<int32_t> argsort(const std::vector<int32_t>& ids, int64_t limit) {
  std::vector<int32_t> next(static_cast<size_t>(limit) + 1);  // the place of each id's next one
  for (const int32_t id : ids) ++next[static_cast<size_t>(id) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<int32_t> order(ids.size());
  for (size_t i = 0; i < ids.size(); ++i)
    order[static_cast<size_t>(next[static_cast<size_t>(ids[i])]++)] = static_cast<int32_t>(i);
  return order;
}

}  // namespace albert
