// Two ranks of one job, as threads: the same weights as one process, one writer, and an end for all
// when one is stopped, diverges, runs out of memory or fails.
#include <algorithm>
#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "albert/trainer/loop/checkpoint.h"
#include "tests/support/random_task.h"
#include "tests/support/thread_ranks.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kParts = 2;  // micro-batches of an update, on two ranks or on one
constexpr int64_t kSteps = 12;

// Three ragged sequences.
RandomBatch batch_of(const AlbertConfig& config, const MicroBatch& part) {
  return {config, 3, 9, static_cast<uint32_t>(part.number())};
}

std::vector<double> counts_of(const RandomBatch& batch) {
  const int64_t* labels = batch.pretraining.labels.data<int64_t>();
  const auto masked = std::count_if(labels, labels + batch.pretraining.labels.size(),
                                    [](int64_t label) { return label >= 0; });
  return {static_cast<double>(masked), static_cast<double>(batch.batch_size)};
}

Deferred<AlbertForPreTrainingOutput> start(AlbertForPreTraining& model, const MicroBatch& part,
                                           std::span<const double> counts, Tensor loss_scale) {
  const RandomBatch batch = batch_of(model.config(), part);
  ForwardOptions forward{.logits = false,
                         .backward = true,
                         .loss_scale = loss_scale,
                         .dropout = {true, 1, part.number()}};
  forward.loss.counts.assign(counts.begin(), counts.end());
  return model.start(batch.inputs, batch.pretraining, forward);
}

AlbertForPreTraining make_model(Precision precision) {
  return AlbertForPreTraining::from_config(
      tiny_config(), {.precision = precision, .trainable = true, .backend = {.threads = 1}});
}

// Learns random micro-batches; hooks may fail, raise a signal or spoil the gradients.
class ShareTask final : public TrainingTask {
 public:
  using Hook = std::function<void(ShareTask& task, int64_t step)>;

  ShareTask(const Communicator& ranks, Precision precision)
      : ranks_(ranks), model_(make_model(precision)) {}

  AlbertPreTrainedModel& model() override { return model_; }
  std::vector<double> counts(std::span<const MicroBatch> own) override {
    if (before_counts) before_counts(*this, own.front().step);
    std::vector<double> sums{0, 0};
    for (const MicroBatch& part : own) {
      const auto counts = counts_of(batch_of(model_.config(), part));
      sums = {sums[0] + counts[0], sums[1] + counts[1]};
    }
    return sums;
  }
  Deferred<Metrics> accumulate(const MicroBatch& part, std::span<const double> counts,
                               Tensor loss_scale) override {
    if (before_accumulate) before_accumulate(*this, part.step);
    const auto out = start(model_, part, counts, loss_scale);
    if (after_accumulate) after_accumulate(*this, part.step);
    return Deferred<Metrics>([out, share = 1.0 / static_cast<double>(part.all)]() -> Metrics {
      return {{"loss", *out.get().loss}, {"updates", share}, {"tokens", 9}};
    });
  }
  Metrics averages(const Metrics& sums) const override {
    return {{"loss", sums.at("loss") / sums.at("updates")}};
  }
  Metrics evaluate() override {
    ++evaluations;
    const RandomBatch batch(model_.config(), 3, 9, 999);
    return {{"loss", *model_.forward(batch.inputs, batch.pretraining, {.logits = false}).loss}};
  }
  void save_extras(const fs::path&) const override { ++saves; }

  int rank() const { return ranks_.rank(); }
  void spoil() {
    const Tensor grads = model_.parameters().flat_grads();
    upload(model_.backend(), {grads.data, {1}, grads.dtype},
           HostTensor::of<float>({1}, {std::nanf("")}).to(grads.dtype));
  }

  Hook before_counts, before_accumulate, after_accumulate;
  int evaluations = 0;
  mutable int saves = 0;

 private:
  const Communicator& ranks_;
  AlbertForPreTraining model_;
};

LoopOptions options_for(const fs::path& folder) {
  LoopOptions options;
  options.output_dir = folder;
  options.total_steps = kSteps;
  options.micro_batches = kParts;
  options.schedule = {.peak = 1e-2, .warmup_steps = 2, .total_steps = kSteps};
  options.logging_steps = 2;
  options.eval_steps = 5;
  options.save_steps = 4;
  options.frozen_settings = "{\"seed\": 1}";
  return options;
}

struct Job {
  explicit Job(fs::path output, Precision chosen = Precision::kF32, int size = kParts)
      : options(options_for(output)),
        precision(chosen),
        ranks(size),
        results(static_cast<size_t>(size)),
        logs(static_cast<size_t>(size)),
        values(static_cast<size_t>(size)),
        evaluations(static_cast<size_t>(size)),
        saves(static_cast<size_t>(size)) {}

  // `prepare` may change a rank's task and options before it trains.
  void go(const std::function<void(ShareTask& task, LoopOptions& options)>& prepare = {}) {
    outcomes = ranks.run([&](Communicator& all) {
      const auto at = static_cast<size_t>(all.rank());
      abort_on_error(all, [&] {
        ShareTask task(all, precision);
        LoopOptions own = options;
        if (prepare) prepare(task, own);
        std::ostringstream log;
        results[at] = train(task, own, all, log);
        logs[at] = log.str();
        evaluations[at] = task.evaluations;
        saves[at] = task.saves;
        values[at] =
            doubles(download(task.model().backend(), task.model().parameters().flat_values()));
      });
    });
  }
  void expect_all(ErrorCode code, const std::string& why) const {
    for (const auto& outcome : outcomes) {
      ASSERT_TRUE(outcome) << "a rank went on";
      EXPECT_EQ(outcome->code(), code) << outcome->what();
      EXPECT_NE(std::string(outcome->what()).find(why), std::string::npos) << outcome->what();
    }
  }
  void expect_none() const {
    for (const auto& outcome : outcomes) EXPECT_FALSE(outcome) << outcome->what();
  }

  LoopOptions options;
  Precision precision;
  ThreadRanks ranks;
  std::vector<ThreadRanks::Outcome> outcomes;
  // Of each rank.
  std::vector<LoopResult> results;
  std::vector<std::string> logs;
  std::vector<std::vector<double>> values;
  std::vector<int> evaluations, saves;
};

std::string weights(const fs::path& folder) { return read_bytes(folder / "model.safetensors"); }

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
  // Options and the step to begin at; every step; the last record, checkpoint and model.
  EXPECT_EQ(run.ranks.host_sums(), 2 + kSteps + 3);
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
  settings.expect_all(ErrorCode::kMismatch, "rank 1: found options");
  turns.go([](ShareTask& task, LoopOptions& options) {
    if (task.rank() == 1) options.save_steps = 5;
  });
  turns.expect_all(ErrorCode::kMismatch, "rank 1: found options");
}

}  // namespace
}  // namespace albert::testing
