#pragma once
#include <memory>

#include "albert/trainer/parallel/communicator.h"

namespace albert {

// The ranks of a job of mpirun or srun, which compute on CPUs. MPI carries the bytes. One in a
// process, once: MPI cannot begin again. Error(kUsage) where the program has no module for MPI.
std::unique_ptr<Communicator> make_mpi(const CommunicatorOptions& options);

}  // namespace albert
