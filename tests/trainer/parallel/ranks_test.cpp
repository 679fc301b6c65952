// Ranks of one job, as threads: the bits of one process, however many they are, and one writer.
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/rank_jobs.h"

namespace albert::testing {
namespace {

// What one process computes that makes the gradients of each part for itself, and adds them up.
template <class T>
std::vector<double> summed_by_hand(Precision precision, const LoopOptions& options) {
  auto model = make_model(precision);
  Optimizer optimizer(model, options.optimizer);
  const Tensor grads = model.parameters().flat_grads();
  T* values = grads.as<T>();
  for (int64_t step = 0; step < options.total_steps; ++step) {
    std::vector<double> counts{0, 0};
    for (int64_t part = 0; part < kParts; ++part) {
      const auto own = counts_of(batch_of(model.config(), {step, part, kParts}));
      counts = {counts[0] + own[0], counts[1] + own[1]};
    }
    std::vector<T> first;
    for (int64_t part = 0; part < kParts; ++part) {
      model.zero_grads();
      start(model, {step, part, kParts}, counts, optimizer.loss_scale()).get();
      if (part == 0) first.assign(values, values + grads.shape.size());
    }
    for (size_t i = 0; i < first.size(); ++i) values[i] = first[i] + values[i];
    optimizer.step(options.schedule.at(step)).get();
  }
  return doubles(download(model.backend(), model.parameters().flat_values()));
}

TEST(Ranks, GiveTheBitsOfOneProcessThatAddsUpWholeShares) {
  const TemporaryFolder folder;
  for (const Precision precision : {Precision::kF32, Precision::kF64}) {
    Job run(folder / std::to_string(static_cast<int>(precision)), precision);
    run.go();
    run.expect_none();
    EXPECT_EQ(run.values[0], run.values[1]);
    EXPECT_EQ(run.values[0], precision == Precision::kF64
                                 ? summed_by_hand<double>(precision, run.options)
                                 : summed_by_hand<float>(precision, run.options));
  }
}

TEST(Ranks, GiveTheSameBitsHoweverManyTheyAre) {
  const TemporaryFolder folder;
  for (const int64_t micro_batches : {8, 11}) {
    std::vector<double> of_one;
    for (const int size : {1, 2, 3, 4, 8}) {
      const std::string name = std::to_string(micro_batches) + " on " + std::to_string(size);
      Job job(folder / name, Precision::kF32, size);
      job.options.total_steps = 3;
      job.options.micro_batches = micro_batches;
      job.go();
      job.expect_none();
      if (size == 1) of_one = job.values[0];
      for (const auto& values : job.values) EXPECT_EQ(values, of_one) << name;
    }
  }
}

TEST(Ranks, GoOnAsAnotherNumberToTheSameBits) {
  const TemporaryFolder folder;
  Job whole(folder / "whole", Precision::kF32, 4);
  whole.options.micro_batches = 8;
  whole.go();
  int at = 0;
  for (const int size : {4, 3, 1, 2}) {  // 3 updates each
    Job part(folder / "run", Precision::kF32, size);
    part.options.micro_batches = at == 0 ? 8 : size;  // as the same command asks for
    at += 3;
    part.go([&](ShareTask& task, LoopOptions&) {
      if (task.rank() > 0) return;
      task.before_counts = [&](ShareTask&, int64_t step) {
        if (step == at && step < kSteps) std::raise(SIGTERM);
      };
    });
    part.expect_none();
    EXPECT_EQ(part.results[0].step, at);
    EXPECT_EQ(part.logs[0].find("goes on in its 8 micro-batches") != std::string::npos, at > 3);
  }
  EXPECT_EQ(weights(folder / "run"), weights(folder / "whole"));
}

TEST(Ranks, RefuseOtherMicroBatchesAndTooFew) {
  const TemporaryFolder folder;
  Job first(folder / "run"), other(folder / "run");
  first.go([](ShareTask&, LoopOptions& options) { options.total_steps = 4; });
  first.expect_none();
  other.options.micro_batches = 4;
  other.go();
  other.expect_all(ErrorCode::kMismatch, "found 2 micro-batches an update, wanted 4");
  Job few(folder / "few", Precision::kF32, 3);
  few.go();
  few.expect_all(ErrorCode::kUsage, "ranks: found 3, wanted at most 2");
}

TEST(Ranks, LogTheMeansOverAllOfThem) {
  const TemporaryFolder folder;
  Job two(folder / "two", Precision::kF64);
  two.go();
  SelfCommunicator self;
  ShareTask task(self, Precision::kF64);
  std::ostringstream log;
  train(task, options_for(folder / "one"), self, log);
  std::istringstream a(read_bytes(folder / "one/metrics.jsonl")),
      b(read_bytes(folder / "two/metrics.jsonl"));
  int records = 0;
  for (std::string x, y; std::getline(a, x); ++records) {
    ASSERT_TRUE(std::getline(b, y)) << x;
    const auto one = nlohmann::json::parse(x), both = nlohmann::json::parse(y);
    for (const char* key : {"step", "loss", "eval_loss", "gradient_norm"})
      if (one.contains(key)) {
        EXPECT_NEAR(one.at(key), both.at(key), 1e-7) << x << y;
      }
  }
  EXPECT_EQ(records, 6 + 3);
  EXPECT_FALSE(b.peek() != EOF) << "a record more";
}

TEST(Ranks, LeaveWritingAndEvaluationToTheLeader) {
  const TemporaryFolder folder;
  Job run(folder / "run");
  run.go();
  run.expect_none();
  EXPECT_EQ(run.evaluations[0], 3);
  EXPECT_EQ(run.evaluations[1], 0);
  EXPECT_EQ(run.saves[0], 4);  // after 4, 8 and 12 updates, and the model itself
  EXPECT_EQ(run.saves[1], 0);
  EXPECT_NE(run.logs[0], "");
  EXPECT_EQ(run.logs[1], "");
}

TEST(Ranks, MeetOnceAStep) {
  const TemporaryFolder folder;
  Job run(folder / "run");
  run.options.logging_steps = run.options.eval_steps = run.options.save_steps = 0;
  run.go();
  run.expect_none();
  // Options and the step to begin at; every step; the last record and the model.
  EXPECT_EQ(run.ranks.host_sums(), 2 + kSteps + 2);
}

TEST(Ranks, KeepTheBestThatTheLeaderSees) {
  const TemporaryFolder folder;
  Job run(folder / "run");
  run.options.best_metric = "loss";
  run.options.best_is_greater = false;
  run.options.eval_steps = 1;
  run.go();
  run.expect_none();
  EXPECT_GT(run.results[0].best_step, 0);
  EXPECT_EQ(run.results[0].best_step, run.results[1].best_step);
}

}  // namespace
}  // namespace albert::testing
