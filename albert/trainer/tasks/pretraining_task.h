#pragma once
#include <future>

#include "albert/heads/pretraining.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/data/batch_plan.h"
#include "albert/trainer/data/example_source.h"
#include "albert/trainer/loop/training_task.h"

namespace albert {

struct PretrainingTaskOptions {
  int64_t eval_examples = 512;  // of each held-out set
  uint64_t seed = 42;
  Keep keep = Keep::kActivations;
};

// Examples that a run does not learn from. The metrics of one with a name begin with it: news_loss.
struct HeldOutSet {
  std::string name;
  const ExampleSource* samples;
};

// MLM + sentence order on a prepared corpus.
class PretrainingTask final : public TrainingTask {
 public:
  // `phases`: the stream of each phase of the plan. All that is referred to must outlive this.
  PretrainingTask(AlbertForPreTraining& model, const Tokenizer& tokenizer,
                  std::vector<const ExampleSource*> phases, std::vector<HeldOutSet> held_out,
                  BatchPlan plan, const PretrainingTaskOptions& options);

  AlbertPreTrainedModel& model() override { return model_; }
  // Of predicted tokens and of sentence pairs.
  std::vector<double> counts(std::span<const MicroBatch> own) override;
  Deferred<Metrics> accumulate(const MicroBatch& part, std::span<const double> counts,
                               Tensor loss_scale) override;
  Metrics averages(const Metrics& sums) const override;
  Metrics evaluate() override;
  void save_extras(const std::filesystem::path& folder) const override;

 private:
  using Examples = std::vector<PretrainingExample>;
  std::vector<Examples> examples_of(std::span<const MicroBatch> parts) const;
  std::vector<Examples> take_examples(std::span<const MicroBatch> parts);
  Metrics evaluate_on(const ExampleSource& samples);

  AlbertForPreTraining& model_;
  const Tokenizer& tokenizer_;
  std::vector<const ExampleSource*> phases_;
  std::vector<HeldOutSet> held_out_;
  BatchPlan plan_;
  PretrainingTaskOptions options_;
  int64_t first_part_ = 0;
  std::vector<Examples> current_;  // of the micro-batches that counts() had, from first_part_ on
  struct {
    std::vector<MicroBatch> parts;
    std::future<std::vector<Examples>> examples;
  } next_;  // are made while the device computes
};

}  // namespace albert
