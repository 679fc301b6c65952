// The training loop: resuming to the same bits, damaged checkpoints, refusals, signals, gradients
// that are not finite.
#include "albert/trainer/loop/training_loop.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "albert/trainer/loop/checkpoint.h"
#include "albert/trainer/loop/report.h"
#include "tests/support/random_task.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

LoopOptions options_for(const fs::path& folder, int64_t steps = 12) {
  LoopOptions options;
  options.output_dir = folder;
  options.total_steps = steps;
  options.schedule = {.peak = 1e-2, .warmup_steps = 2, .total_steps = 12};
  options.logging_steps = 2;
  options.eval_steps = 5;
  options.save_steps = 2;
  options.frozen_settings = "{\"seed\": 1}";
  options.quiet = true;
  return options;
}

LoopResult run(const LoopOptions& options, RandomTask& task, std::string* said = nullptr) {
  SelfCommunicator self;
  std::ostringstream log;
  const LoopResult result = train(task, options, self, log);
  if (said) *said = log.str();
  return result;
}

std::string weights(const fs::path& folder) { return read_bytes(folder / "model.safetensors"); }

TEST(TrainingLoop, StoppedAndResumedAtEveryStepEndsWithTheSameBits) {
  for (const Precision precision : {Precision::kF32, Precision::kF64}) {
    const TemporaryFolder folder;
    RandomTask whole(precision);
    EXPECT_EQ(run(options_for(folder / "whole"), whole).end, LoopEnd::kDone);
    for (int64_t stop = 0; stop < 11; ++stop) {
      RandomTask task(precision);
      task.signal_at = stop;
      EXPECT_EQ(run(options_for(folder / "parts"), task).end, LoopEnd::kStopped);
    }
    RandomTask last(precision);
    EXPECT_EQ(run(options_for(folder / "parts"), last).end, LoopEnd::kDone);
    EXPECT_EQ(weights(folder / "parts"), weights(folder / "whole"));
    EXPECT_EQ(read_bytes(folder / "parts/extra.txt"), "kept");
    EXPECT_EQ(fs::read_symlink(folder / "parts/latest"), "checkpoint-12");
  }
}

TEST(TrainingLoop, AveragesWeightsToTheSameBitsWhereItIsStopped) {
  const TemporaryFolder folder;
  const auto averaged = [&](const char* name) {
    LoopOptions options = options_for(folder / name);
    options.optimizer.average_decay = 0.75;
    return options;
  };
  RandomTask whole;
  run(averaged("whole"), whole);
  for (const int64_t stop : {3, 8, -1}) {
    RandomTask task;
    task.signal_at = stop;
    run(averaged("parts"), task);
  }
  EXPECT_EQ(weights(folder / "parts"), weights(folder / "whole"));
  EXPECT_EQ(weights(folder / "parts/ema"), weights(folder / "whole/ema"));
  EXPECT_NE(weights(folder / "whole/ema"), weights(folder / "whole"));
  EXPECT_EQ(read_bytes(folder / "whole/ema/extra.txt"), "kept");
  EXPECT_NE(read_bytes(folder / "whole/metrics.jsonl").find("eval_ema_loss"), std::string::npos);
  RandomTask plain;
  run(options_for(folder / "plain"), plain);
  EXPECT_EQ(weights(folder / "plain"), weights(folder / "whole")) << "the run itself is the same";
}

TEST(TrainingLoop, EndsEarlyWhereEvaluationsBringNoGain) {
  const TemporaryFolder folder;
  LoopOptions options = options_for(folder / "run");
  options.eval_steps = 2;
  options.best_metric = "loss";
  options.load_best_at_end = true;
  options.early_stopping_patience = 2;
  options.early_stopping_threshold = 100;  // only the first evaluation gains so much
  for (const int64_t stop : {1, 3, -1}) {  // also where it is stopped and goes on in between
    RandomTask task;
    task.signal_at = stop;
    const LoopResult result = run(options, task);
    EXPECT_EQ(result.end, stop < 0 ? LoopEnd::kDone : LoopEnd::kStopped);
    EXPECT_EQ(result.step, stop < 0 ? 6 : stop + 1);
    EXPECT_GT(result.best_step, 0);
  }
  RandomTask again;
  EXPECT_EQ(run(options, again).step, 6);
  EXPECT_TRUE(again.events.empty());
  options.early_stopping_patience = 3;
  RandomTask longer;
  EXPECT_EQ(run(options, longer).step, 8);
}

TEST(TrainingLoop, AGainBelowTheThresholdIsNone) {
  const TemporaryFolder folder;
  LoopOptions options = options_for(folder / "run");
  options.eval_steps = 2;
  options.best_metric = "loss";
  options.best_is_greater = false;
  options.early_stopping_patience = 1;
  options.early_stopping_threshold = 100;
  RandomTask task;
  EXPECT_EQ(run(options, task).step, 4);
  options.best_metric = "f1";
  options.output_dir = folder / "other";
  const Refusal r = refusal_of([&] { run(options, task); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("found f1, wanted loss")) << r.what;
}

TEST(TrainingLoop, MetricsHoldEveryStepOnce) {
  const TemporaryFolder folder;
  for (const int64_t stop : {4, 7, -1}) {
    RandomTask task;
    task.signal_at = stop;
    run(options_for(folder / "run"), task);
  }
  std::istringstream lines(read_bytes(folder / "run/metrics.jsonl"));
  std::vector<int64_t> logged, evaluated;
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    (record.contains("eval_loss") ? evaluated : logged).push_back(record["step"]);
  }
  EXPECT_EQ(logged, (std::vector<int64_t>{2, 4, 6, 8, 10, 12}));
  EXPECT_EQ(evaluated, (std::vector<int64_t>{5, 10, 12}));
  write_report(folder / "run");
  const std::string page = read_bytes(folder / "run/report.html");
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos) << "nothing is loaded from elsewhere";
}

TEST(TrainingLoop, KeepsEveryKthCheckpointBesideTheNewest) {
  const TemporaryFolder folder;
  LoopOptions options = options_for(folder / "run");
  options.keep_checkpoints = 1;
  options.keep_checkpoint_steps = 4;
  RandomTask task;
  run(options, task);
  EXPECT_EQ(Checkpoints(folder / "run").steps(), (std::vector<int64_t>{4, 8, 12}));
}

TEST(TrainingLoop, LogsWhatTheHostWaitedForAndTheTrustRatiosOfLamb) {
  const TemporaryFolder folder;
  LoopOptions options = options_for(folder / "run");
  options.optimizer.kind = OptimizerOptions::Kind::kLamb;
  RandomTask task;
  task.spoiled_from = 4;
  task.spoiled_to = 5;
  run(options, task);
  std::istringstream lines(read_bytes(folder / "run/metrics.jsonl"));
  int records = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    if (!record.contains("loss")) continue;
    ++records;
    for (const char* share : {"data_wait", "communication", "checkpoint_wait"}) {
      EXPECT_GE(record.at(share).get<double>(), 0) << line;
      EXPECT_LE(record.at(share).get<double>(), 1) << line;
    }
    EXPECT_GT(record.at("trust_ratio/albert.pooler.weight").get<double>(), 0) << line;
    EXPECT_FALSE(record.contains("trust_ratio/albert.pooler.bias")) << "it has none";
    EXPECT_EQ(record.value("skipped_updates", 0), record.at("step") < 6 ? 0 : 1) << line;
  }
  EXPECT_EQ(records, 6);
}

TEST(TrainingLoop, ADamagedCheckpointIsSkippedAndSaid) {
  const TemporaryFolder folder;
  RandomTask whole;
  run(options_for(folder / "whole"), whole);
  const std::vector<std::string> files = {"model.safetensors", "training_state.safetensors",
                                          "trainer_state.json", "config.json", "manifest.json"};
  for (const auto& file : files)
    for (const double share : {0.0, 0.3, 0.99}) {
      const fs::path output = folder / "run";
      fs::remove_all(output);
      RandomTask first;
      first.signal_at = 6;
      run(options_for(output), first);
      const fs::path newest = output / "checkpoint-7" / file;
      const std::string bytes = read_bytes(newest);
      write_bytes(newest,
                  bytes.substr(0, static_cast<size_t>(share * static_cast<double>(bytes.size()))));
      RandomTask second;
      std::string said;
      run(options_for(output), second, &said);
      EXPECT_NE(said.find("skipped a damaged checkpoint"), std::string::npos) << file;
      EXPECT_EQ(weights(output), weights(folder / "whole")) << file;
    }
}

TEST(TrainingLoop, AFlippedBitAnywhereIsFound) {
  const TemporaryFolder folder;
  RandomTask task;
  run(options_for(folder / "run", 2), task);
  const fs::path checkpoint = Checkpoints(folder / "run").folder(2);
  EXPECT_EQ(verify_checkpoint(checkpoint), std::nullopt);
  for (const auto& entry : fs::directory_iterator(checkpoint)) {
    const std::string bytes = read_bytes(entry.path());
    for (size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 50) {
      if (std::isspace(static_cast<unsigned char>(bytes[at])) != 0)
        continue;  // white space of a manifest says nothing
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 16);
      write_bytes(entry.path(), changed);
      EXPECT_TRUE(verify_checkpoint(checkpoint)) << entry.path() << " " << at;
    }
    write_bytes(entry.path(), bytes);
  }
}

TEST(TrainingLoop, AnotherRecipeOrOldResultsAreRefused) {
  const TemporaryFolder folder;
  RandomTask first;
  first.signal_at = 3;
  run(options_for(folder / "run"), first);
  LoopOptions other = options_for(folder / "run");
  other.frozen_settings = "{\"seed\": 2}";
  RandomTask second;
  const Refusal r = refusal_of([&] { run(other, second); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("seed is 2 now and was 1")) << r.what;
  LoopOptions anew = options_for(folder / "run");
  anew.resume = false;
  EXPECT_EQ(refusal_of([&] { run(anew, second); }).code, ErrorCode::kUsage);
  other.overwrite = true;
  EXPECT_EQ(run(other, second).step, 12);
  const FolderLock held(folder / "run");
  EXPECT_TRUE(
      refusal_of([&] { run(options_for(folder / "run"), second); }).says("another run is writing"));
}

TEST(TrainingLoop, UpdatesThatAreNotFiniteAreSkippedAndTenInARowEndIt) {
  const TemporaryFolder folder;
  RandomTask a;
  a.spoiled_from = 3, a.spoiled_to = 5;
  EXPECT_EQ(run(options_for(folder / "some"), a).step, 12);
  RandomTask b;
  b.spoiled_from = 1, b.spoiled_to = 100;
  const Refusal r = refusal_of([&] { run(options_for(folder / "all"), b); });
  EXPECT_EQ(r.code, ErrorCode::kDiverged);
  EXPECT_TRUE(r.says("10 updates in a row")) << r.what;
}

TEST(TrainingLoop, EndsWithTheBestIfAsked) {
  const TemporaryFolder folder;
  LoopOptions options = options_for(folder / "run");
  options.best_metric = "loss";
  options.best_is_greater = true;  // so that the untrained one is best
  options.load_best_at_end = true;
  options.eval_steps = 1;
  RandomTask task;
  const LoopResult result = run(options, task);
  EXPECT_TRUE(fs::exists(Checkpoints(folder / "run").folder(result.best_step)));
  EXPECT_EQ(weights(folder / "run"), weights(Checkpoints(folder / "run").folder(result.best_step)));
}

TEST(TrainingLoop, AFolderThatCannotBeWrittenIsSaid) {
  RandomTask task;
  EXPECT_EQ(refusal_of([&] { run(options_for("/proc/albert"), task); }).code, ErrorCode::kIo);
}

}  // namespace
}  // namespace albert::testing
