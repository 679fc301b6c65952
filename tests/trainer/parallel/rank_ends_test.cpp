// Ranks of one job, as threads: an end for all when one is stopped, diverges, runs out of memory or
// fails, and no job of ranks that differ.
#include <csignal>

#include "albert/trainer/loop/checkpoint.h"
#include "tests/support/rank_jobs.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

TEST(Ranks, StopAtTheSameStepWhenOneIsAskedTo) {
  const TemporaryFolder folder;
  Job whole(folder / "whole"), first(folder / "run"), second(folder / "run");
  whole.go();
  first.go([&](ShareTask& task, LoopOptions&) {
    if (task.rank() == 0) return;
    task.before_counts = [&](ShareTask&, int64_t step) {
      if (step != 6) return;
      while (first.ranks.waiting() == 0) std::this_thread::yield();
      std::raise(SIGTERM);  // rank 0 has looked already, and waits
    };
  });
  first.expect_none();
  for (const LoopResult& result : first.results) {
    EXPECT_EQ(result.end, LoopEnd::kStopped);
    EXPECT_EQ(result.step, 6);
  }
  second.go();
  second.expect_none();
  EXPECT_EQ(second.values[1], whole.values[0]);
  EXPECT_EQ(weights(folder / "run"), weights(folder / "whole"));
}

TEST(Ranks, DivergeTogether) {
  const TemporaryFolder folder;
  Job run(folder / "run");
  run.go([](ShareTask& task, LoopOptions&) {
    if (task.rank() == 1)
      task.after_accumulate = [](ShareTask& self, int64_t step) {
        if (step >= 1) self.spoil();
      };
  });
  run.expect_all(ErrorCode::kDiverged, "10 updates in a row");
}

TEST(Ranks, GoOnAfterOneGradientThatIsNotFinite) {
  const TemporaryFolder folder;
  Job run(folder / "run");
  run.go([](ShareTask& task, LoopOptions&) {
    if (task.rank() == 1)
      task.after_accumulate = [](ShareTask& self, int64_t step) {
        if (step == 3) self.spoil();
      };
  });
  run.expect_none();
  EXPECT_EQ(run.values[0], run.values[1]);
}

// Whoever fails, and wherever: the others end with its code, and the run goes on to the same bits.
TEST(Ranks, EndTogetherWhenOneFailsAndGoOnToTheSameBits) {
  const TemporaryFolder folder;
  Job whole(folder / "whole");
  whole.go();
  for (const int rank : {0, 1})
    for (const bool in_counts : {true, false}) {
      const fs::path output =
          folder / (std::to_string(rank) + (in_counts ? " counts" : " accumulate"));
      Job failing(output), again(output);
      failing.go([&](ShareTask& task, LoopOptions&) {
        if (task.rank() != rank) return;
        const auto fail_at_9 = [](ShareTask&, int64_t step) {
          if (step == 9) throw OutOfMemory("no memory for a test", 2, 1);
        };
        (in_counts ? task.before_counts : task.before_accumulate) = fail_at_9;
      });
      failing.expect_all(ErrorCode::kOutOfMemory, "no memory for a test");
      EXPECT_NE(std::string(failing.outcomes[static_cast<size_t>(1 - rank)]->what())
                    .find("rank " + std::to_string(rank) + ": "),
                std::string::npos);
      again.go();
      again.expect_none();
      EXPECT_EQ(again.values[1], whole.values[0]);
      EXPECT_EQ(weights(output), weights(folder / "whole"));
    }
}

TEST(Ranks, EndTogetherWhereTheLeaderCannotWrite) {
  const TemporaryFolder folder;
  Job unwritable("/proc/albert"), busy(folder / "busy"), foreign(folder / "old");
  unwritable.go();
  unwritable.expect_all(ErrorCode::kIo, "cannot make the folder");
  {
    const FolderLock held(folder / "busy");
    busy.go();
    busy.expect_all(ErrorCode::kIo, "another run is writing");
  }
  fs::create_directories(folder / "old");
  write_bytes(folder / "old/model.safetensors", "x");
  foreign.go();
  foreign.expect_all(ErrorCode::kUsage, "results of an earlier run");
}

TEST(Ranks, RefuseOptionsThatDiffer) {
  const TemporaryFolder folder;
  Job settings(folder / "a"), turns(folder / "b");
  settings.go([](ShareTask& task, LoopOptions& options) {
    if (task.rank() == 1) options.frozen_settings = "{\"seed\": 2}";
  });
  settings.expect_all(ErrorCode::kMismatch,
                      "rank 1: found seed 2, wanted that of rank 0, 1; start every rank with the "
                      "same program, options and files");
  turns.go([](ShareTask& task, LoopOptions& options) {
    if (task.rank() == 1) options.save_steps = 5;
  });
  turns.expect_all(ErrorCode::kMismatch, "rank 1: found save_steps 5, wanted that of rank 0, 4");
}

// As a faulty memory does it, in the middle of the weights.
void flip_a_bit_at(ShareTask& task, int64_t wanted) {
  task.before_counts = [wanted](ShareTask& self, int64_t step) {
    if (step != wanted) return;
    const Tensor weights = self.model().parameters().flat_values();
    HostTensor values = download(self.model().backend(), weights);
    static_cast<unsigned char*>(values.raw())[values.bytes() / 2] ^= 1U << 3U;
    upload(self.model().backend(), weights, values);
  };
}

TEST(FlippedBit, IsFoundAndTheRankNamed) {
  const TemporaryFolder folder;
  Job run(folder / "run", Precision::kF32, 3);
  run.options.micro_batches = 3;
  run.options.replica_check_steps = 1;
  run.go([](ShareTask& task, LoopOptions&) {
    if (task.rank() == 2) flip_a_bit_at(task, 6);
  });
  run.expect_all(ErrorCode::kReplicasDiffer,
                 "rank 2: found other weights at step 7, wanted the same on every rank");
  run.expect_all(ErrorCode::kReplicasDiffer,
                 "the last good checkpoint is " + (folder / "run/checkpoint-4").string());
}

TEST(FlippedBit, IsNotSavedAndTheRunGoesOnToTheSameBits) {
  const TemporaryFolder folder;
  Job whole(folder / "whole"), run(folder / "run"), again(folder / "run");
  whole.go();
  run.go([](ShareTask& task, LoopOptions&) {
    if (task.rank() == 0) flip_a_bit_at(task, 5);
  });
  run.expect_all(ErrorCode::kReplicasDiffer, "ranks 0, 1: found other weights at step 8");
  EXPECT_FALSE(fs::exists(folder / "run/checkpoint-8"));
  again.go();
  again.expect_none();
  EXPECT_EQ(weights(folder / "run"), weights(folder / "whole"));
}

}  // namespace
}  // namespace albert::testing
