// What a process learns of its job from a launcher's variables.
#include "albert/trainer/parallel/launcher.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

Environment of(const std::map<std::string, std::string>& variables) {
  return [variables](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional(at->second);
  };
}

TEST(Launcher, IsKnownByItsVariables) {
  EXPECT_FALSE(launched_rank(of({})));
  const auto open_mpi =
      launched_rank(of({{"OMPI_COMM_WORLD_SIZE", "8"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}}));
  ASSERT_TRUE(open_mpi);
  EXPECT_EQ(open_mpi->size, 8);
  EXPECT_EQ(open_mpi->local_size, 4);
  EXPECT_EQ(launched_rank(of({{"PMI_SIZE", "3"}}))->size, 3);
  const auto slurm = launched_rank(
      of({{"PMIX_RANK", "1"}, {"SLURM_NTASKS", "6"}, {"SLURM_NTASKS_PER_NODE", "2"}}));
  EXPECT_EQ(slurm->size, 6);
  EXPECT_EQ(slurm->local_size, 2);
}

TEST(Launcher, OfProcessesThatCannotReachEachOtherIsRefused) {
  const auto refusal = [](const std::map<std::string, std::string>& variables) {
    return refusal_of([&] { launched_rank(of(variables)); });
  };
  EXPECT_TRUE(refusal({{"SLURM_NTASKS", "4"}, {"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "1"}})
                  .says("srun: found 4 tasks without MPI"));
  EXPECT_TRUE(refusal({{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"MASTER_ADDR", "x"}})
                  .says("torchrun: found WORLD_SIZE 2"));
  EXPECT_TRUE(refusal({{"PMI_SIZE", "two"}}).says("PMI_SIZE: found \"two\""));
}

TEST(Launcher, OfOneProcessLeavesItAlone) {
  EXPECT_FALSE(launched_rank(of({{"SLURM_NTASKS", "4"}})));  // a shell of salloc
  EXPECT_FALSE(launched_rank(of({{"WORLD_SIZE", "1"}, {"RANK", "0"}, {"MASTER_ADDR", "x"}})));
}

}  // namespace
}  // namespace albert::testing
