#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace albert::apps {

// Runs this program with these arguments as so many ranks on this machine, by mpirun, and returns
// its exit code; 76 where a rank died. A signal to stop goes to all ranks, which save.
// Error(kUsage) where there is no mpirun.
int launch_ranks(int ranks, const std::vector<std::string>& arguments, std::ostream& err);

}  // namespace albert::apps
