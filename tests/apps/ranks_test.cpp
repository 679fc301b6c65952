// Ranks of mpirun: the same bits for any number of them, and an end for all when one dies, hangs on
// a signal or fails.
#include <csignal>
#include <fstream>

#include "tests/support/pretraining_runs.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

class MpiRanks : public PretrainingRuns {
 protected:
  MpiRanks() : PretrainingRuns(ALBERT_GOLDEN_DIR) { write_bytes(folder / "nothing", ""); }
  // Eight examples in eight micro-batches, on so many ranks.
  std::vector<std::string> on(int ranks, const std::string& output,
                              const std::vector<std::string>& more = {}) const {
    const auto parts = std::to_string(8 / std::max(ranks, 1));
    return joined(
        pretrain(output, {"--train_batch_size", "8", "--gradient_accumulation_steps", parts,
                          "--max_steps", "6", "--threads", "1", "--ranks", std::to_string(ranks)}),
        more);
  }
  Outcome run(const std::vector<std::string>& arguments) const {
    return run_albert_on(folder / "nothing", ALBERT_PROGRAM, arguments);
  }
  std::string weights(const std::string& output) const {
    return read_bytes(folder / output / "model.safetensors");
  }
};

TEST_F(MpiRanks, GiveTheBitsOfOneProcess) {
  ASSERT_EQ(run(on(0, "one")).code, 0);
  for (const int ranks : {2, 4, 8}) {
    const std::string output = "on " + std::to_string(ranks);
    const Outcome r = run(on(ranks, output));
    ASSERT_EQ(r.code, 0) << r.err;
    EXPECT_EQ(weights(output), weights("one")) << ranks;
  }
}

TEST_F(MpiRanks, GoOnAsFewer) {
  ASSERT_EQ(run(on(0, "one")).code, 0);
  ASSERT_EQ(run(on(4, "run", {"--max_steps", "6", "--save_steps", "2"})).code, 0);
  fs::remove_all(folder / "run/checkpoint-6");
  fs::remove(folder / "run/model.safetensors");
  const Outcome r = run(joined(on(4, "run"), {"--ranks", "2", "--no_quiet"}));
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("goes on in its 8 micro-batches")) << r.err;
  EXPECT_EQ(weights("run"), weights("one"));
}

// The processes of the program that have this argument.
std::vector<pid_t> processes_with(const std::string& argument) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    const bool is_rank = line.rfind(fs::canonical(ALBERT_PROGRAM).string(), 0) == 0 &&
                         fs::exists(entry.path() / "task");
    std::ifstream environment(entry.path() / "environ");
    const std::string variables{std::istreambuf_iterator<char>(environment), {}};
    if (is_rank && line.find(argument) != std::string::npos &&
        variables.find("OMPI_COMM_WORLD_SIZE=") != std::string::npos)
      found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

TEST_F(MpiRanks, EndWhenOneIsKilledAndGoOnToTheSameBits) {
  const std::vector<std::string> longer = {"--max_steps", "60"};
  ASSERT_EQ(run(on(0, "one", longer)).code, 0);
  const pid_t job = start(on(4, "run", longer));
  EXPECT_TRUE(appears(folder / "run/checkpoint-4"));
  const auto ranks = processes_with(folder / "run");
  EXPECT_EQ(ranks.size(), 4U);
  if (!ranks.empty()) kill(ranks.back(), SIGKILL);
  EXPECT_EQ(exit_code_of(job), 76);
  EXPECT_TRUE(processes_with(folder / "run").empty());
  EXPECT_EQ(run(on(4, "run", longer)).code, 0);
  EXPECT_EQ(weights("run"), weights("one"));
}

TEST_F(MpiRanks, EndWhenOneHangsAndNameIt) {
  const std::vector<std::string> hasty = {"--max_steps", "100000",       "--rank_timeout",
                                          "3",           "--save_steps", "2"};
  const fs::path errors = folder / "errors";
  const pid_t job = start(on(4, "run", hasty), [&] {
    if (!freopen(errors.c_str(), "w", stderr)) _exit(1);
  });
  EXPECT_TRUE(appears(folder / "run/checkpoint-4"));
  const auto ranks = processes_with(folder / "run");
  EXPECT_EQ(ranks.size(), 4U);
  if (!ranks.empty()) kill(ranks.back(), SIGSTOP);
  EXPECT_EQ(exit_code_of(job), 76);
  EXPECT_NE(read_bytes(errors).find("found no sign of life for 3 seconds"), std::string::npos)
      << read_bytes(errors);
  EXPECT_TRUE(processes_with(folder / "run").empty());
}

TEST_F(MpiRanks, SaveOnASignal) {
  const pid_t job = start(on(2, "run", {"--max_steps", "100000"}));
  EXPECT_TRUE(appears(folder / "run/checkpoint-2"));
  kill(job, SIGTERM);
  EXPECT_EQ(exit_code_of(job), 75);
  EXPECT_TRUE(processes_with(folder / "run").empty());
}

TEST_F(MpiRanks, EndWithTheCodeOfTheOneThatFails) {
  fs::create_directories(folder / "old");
  write_bytes(folder / "old/model.safetensors", "x");
  const Outcome r = run(on(2, "old"));
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("found results of an earlier run")) << r.err;
}

TEST_F(MpiRanks, AreRefusedWhereTheyMeanNothing) {
  EXPECT_TRUE(run(on(2, "run", {"--gradient_accumulation_steps", "3"}))
                  .says("wanted a multiple of 6, the micro-batches of "
                        "--gradient_accumulation_steps on all ranks"));
  const Outcome sweep = run_albert({"finetune", "--task", "sst2", "--output_dir", folder / "sweep",
                                    "--seeds", "1,2", "--ranks", "2"});
  EXPECT_EQ(sweep.code, 2);
  EXPECT_TRUE(sweep.says("--seeds: found several ranks, wanted one")) << sweep.err;
}

}  // namespace
}  // namespace albert::testing
