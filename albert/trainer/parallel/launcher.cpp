#include "albert/trainer/parallel/launcher.h"

#include <charconv>
#include <cstdlib>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

std::optional<int> number(const Environment& get, const char* name) {
  const auto text = get(name);
  if (!text) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 1)
    fail(ErrorCode::kUsage, name, ": found ", in_quotes(*text), ", wanted a number of 1 or more");
  return value;
}

// Launchers of MPI ranks, with their variables for the job's size and for that on one machine.
constexpr const char* kLaunchers[][2] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"},  // Open MPI's mpirun
    {"PMI_SIZE", "MPI_LOCALNRANKS"},                         // MPICH's and Intel's, srun --mpi=pmi2
};

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::optional<LaunchedRank> launched_rank(const Environment& get) {
  for (const auto& [size, local_size] : kLaunchers)
    if (const auto ranks = number(get, size))
      return LaunchedRank{*ranks, number(get, local_size).value_or(*ranks)};
  const int tasks = number(get, "SLURM_NTASKS").value_or(1);
  if (get("PMIX_RANK"))
    return LaunchedRank{tasks, number(get, "SLURM_NTASKS_PER_NODE").value_or(1)};
  // A shell of salloc or sbatch has SLURM_NTASKS too, but no step of srun.
  if (tasks > 1 && get("SLURM_STEP_ID") && get("SLURM_PROCID"))
    fail(ErrorCode::kUsage, "srun: found ", tasks,
         " tasks without MPI, wanted srun --mpi=pmix, or mpirun");
  if (get("RANK") && get("MASTER_ADDR") && number(get, "WORLD_SIZE").value_or(1) > 1)
    fail(ErrorCode::kUsage, "torchrun: found WORLD_SIZE ", *get("WORLD_SIZE"),
         ", wanted ranks of mpirun, or --ranks");
  return std::nullopt;
}

}  // namespace albert
