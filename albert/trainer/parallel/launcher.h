#pragma once
#include <functional>
#include <optional>
#include <string>

namespace albert {

// What a launcher, mpirun or srun, told this process of its job by environment variables.
struct LaunchedRank {
  int size = 1;        // of the job
  int local_size = 1;  // ranks of the job on this machine
};

using Environment = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> environment_variable(const char* name);

// Nothing where no launcher of MPI ranks started this process. Error(kUsage) where another one
// started several that could not reach each other: torchrun, or srun without --mpi.
std::optional<LaunchedRank> launched_rank(const Environment& get = environment_variable);

}  // namespace albert
