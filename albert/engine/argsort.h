#pragma once
#include <cstdint>
#include <vector>

namespace albert {

// The places of the ids in ascending order of id, those of equal ids in ascending order: a stable
// argsort, by counting. Ids are in [0, limit).
std::vector<int32_t> argsort(const std::vector<int32_t>& ids, int64_t limit);

}  // namespace albert
