#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace albert {

// The candidate most likely meant by a misspelt name: the least edits (insert, delete, replace,
// swap of neighbours), at most a third of the name's length; empty when none is that near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace albert
