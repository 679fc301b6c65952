#pragma once
#include <string>
#include <utility>
#include <vector>

#include "albert/trainer/parallel/communicator.h"

namespace albert {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// Compares with the values of the rank that leads. Error(kMismatch) on a rank that has others: the
// first that differs, by name.
void check_same_values(Communicator& ranks, const NamedValues& own);

// Which ranks hold something else than most do, as their checksums say: none where all are alike,
// all where no checksum is that of more than half of them. Every rank gets the same answer.
std::vector<int> ranks_that_differ(Communicator& ranks, const std::string& checksum);

}  // namespace albert
