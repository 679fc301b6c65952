#pragma once
#include <cstdint>
#include <vector>

namespace albert {

// A text is read in windows, of `sizes` tokens, each beginning `step` tokens behind the one before.
// Of each token of each window: whether this is the first window with the most text around it, by
// Google's _check_is_max_context: what the nearer end of the window leaves; of equal ones the
// longer window counts more.
std::vector<std::vector<bool>> max_context(const std::vector<int64_t>& sizes, int64_t step);

}  // namespace albert
