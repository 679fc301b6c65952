#pragma once
// Jobs of ranks in threads, which pre-train a tiny model.
#include <algorithm>
#include <functional>
#include <sstream>

#include "tests/support/random_task.h"
#include "tests/support/thread_ranks.h"

namespace albert::testing {

inline constexpr int kParts = 2;  // micro-batches of an update, on two ranks or on one
inline constexpr int64_t kSteps = 12;

// Three ragged sequences.
inline RandomBatch batch_of(const AlbertConfig& config, const MicroBatch& part) {
  return {config, 3, 9, static_cast<uint32_t>(part.number())};
}

inline std::vector<double> counts_of(const RandomBatch& batch) {
  const int64_t* labels = batch.pretraining.labels.data<int64_t>();
  const auto masked = std::count_if(labels, labels + batch.pretraining.labels.size(),
                                    [](int64_t label) { return label >= 0; });
  return {static_cast<double>(masked), static_cast<double>(batch.batch_size)};
}

inline Deferred<AlbertForPreTrainingOutput> start(AlbertForPreTraining& model,
                                                  const MicroBatch& part,
                                                  std::span<const double> counts,
                                                  Tensor loss_scale) {
  const RandomBatch batch = batch_of(model.config(), part);
  ForwardOptions forward{.logits = false,
                         .backward = true,
                         .loss_scale = loss_scale,
                         .dropout = {true, 1, part.number()}};
  forward.loss.counts.assign(counts.begin(), counts.end());
  return model.start(batch.inputs, batch.pretraining, forward);
}

inline AlbertForPreTraining make_model(Precision precision) {
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
  void save_extras(const std::filesystem::path&) const override { ++saves; }

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

inline LoopOptions options_for(const std::filesystem::path& folder) {
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
  explicit Job(std::filesystem::path output, Precision chosen = Precision::kF32, int size = kParts)
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

inline std::string weights(const std::filesystem::path& folder) {
  return read_bytes(folder / "model.safetensors");
}

}  // namespace albert::testing
