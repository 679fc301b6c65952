// Checkpoints that are written beside training, and what becomes of those that cannot be written.
#include "albert/trainer/loop/checkpoint_writer.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

class CheckpointWriting : public ::testing::Test {
 protected:
  CheckpointWriting() { options.output_dir = folder / "run"; }
  static void good(const fs::path& to) { write_bytes(to / "file", "good"); }
  // Fails so many times, then writes.
  CheckpointWriter::Fill failing(int times) {
    return [this, times](const fs::path& to) {
      EXPECT_TRUE(fs::is_empty(to));
      write_bytes(to / "file", "half");
      if (tries++ < times) fail(ErrorCode::kIo, "no room for a test");
      good(to);
    };
  }
  std::vector<int64_t> steps() const { return Checkpoints(options.output_dir).steps(); }

  TemporaryFolder folder;
  LoopOptions options;
  std::atomic<int> tries = 0;
};

TEST_F(CheckpointWriting, GoesOnBesideTraining) {
  RunFolder run(options);
  CheckpointWriter writer(run);
  std::promise<void> go_on;
  writer.start(3, 0, [&](const fs::path& to) {
    go_on.get_future().wait();
    good(to);
  });
  writer.poll();
  EXPECT_TRUE(steps().empty());
  go_on.set_value();
  writer.finish();
  EXPECT_EQ(steps(), std::vector<int64_t>{3});
  EXPECT_FALSE(verify_checkpoint(Checkpoints(options.output_dir).folder(3)));
}

TEST_F(CheckpointWriting, IsTriedAgainInNewFiles) {
  RunFolder run(options);
  CheckpointWriter writer(run);
  writer.start(3, 0, failing(1));
  writer.finish();
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(read_bytes(options.output_dir / "checkpoint-3/file"), "good");
  EXPECT_TRUE(writer.take_notes().empty());
}

TEST_F(CheckpointWriting, GoesOnWithoutOneThatFailsAndSaysSo) {
  RunFolder run(options);
  CheckpointWriter writer(run);
  writer.start(3, 0, good);
  writer.start(6, 0, failing(2));
  writer.wait();
  EXPECT_EQ(writer.take_notes(),
            std::vector<std::string>{"albert: warning: no room for a test; the run goes on without "
                                     "this checkpoint"});
  EXPECT_EQ(steps(), std::vector<int64_t>{3});
  writer.start(9, 0, good);
  writer.finish();
  EXPECT_EQ(steps(), (std::vector<int64_t>{3, 9}));
}

TEST_F(CheckpointWriting, EndsTheRunWhereThreeInARowFail) {
  RunFolder run(options);
  CheckpointWriter writer(run);
  for (const int64_t step : {3, 6, 9}) writer.start(step, 0, failing(6));
  const Refusal r = refusal_of([&] { writer.wait(); });
  EXPECT_EQ(r.code, ErrorCode::kIo);
  EXPECT_TRUE(r.says("no room for a test")) << r.what;
  EXPECT_TRUE(steps().empty());
}

TEST_F(CheckpointWriting, FailsAtTheEndWhereTheLastOneDid) {
  RunFolder run(options);
  CheckpointWriter writer(run);
  writer.start(3, 0, failing(2));
  EXPECT_EQ(refusal_of([&] { writer.finish(); }).code, ErrorCode::kIo);
}

}  // namespace
}  // namespace albert::testing
