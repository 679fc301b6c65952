#include "albert/heads/needed_rows.h"

#include <algorithm>

namespace albert {

std::vector<int32_t> NeededRows::locate(const std::vector<int32_t>& rows) const {
  if (!pruned_) return rows;
  std::vector<int32_t> places;
  for (const int32_t row : rows) {
    const auto at = std::lower_bound(selection_.rows.begin(), selection_.rows.end(), row);
    ALBERT_CHECK(at != selection_.rows.end() && *at == row, "row ", row, " was not selected");
    places.push_back(static_cast<int32_t>(at - selection_.rows.begin()));
  }
  return places;
}

}  // namespace albert
