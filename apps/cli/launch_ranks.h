#pragma once
#include <string>
#include <vector>

namespace albert::apps {

// Runs this program with these arguments as so many ranks on this machine, by mpirun, and returns
// its exit code. A signal to stop goes to all ranks, which save. Error(kRankLost) where one died,
// kUsage where there is no mpirun, kIo.
int launch_ranks(int ranks, const std::vector<std::string>& arguments);

}  // namespace albert::apps
