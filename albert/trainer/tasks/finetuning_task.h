#pragma once
#include <memory>
#include <span>

#include "albert/heads/pretrained_model.h"
#include "albert/tokenizer/tokenizer.h"
#include "albert/trainer/loop/report_details.h"
#include "albert/trainer/loop/training_task.h"

namespace albert {

struct FinetuningSizes {
  int64_t batch_size = 32;  // examples an update, over all its micro-batches
  int64_t eval_batch_size = 64;
  uint64_t seed = 42;
  Keep keep = Keep::kActivations;
  double rdrop_alpha = 0;  // above 0 each example is trained on twice (LossOptions::rdrop_alpha)
};

enum class Split : uint8_t { kTraining, kValidation };

// Training on examples that lie in memory. Every epoch has an order of its own, a pure function of
// seed and epoch. A kind of task adds its examples, its head and its metrics.
class FinetuningTask : public TrainingTask {
 public:
  virtual int64_t examples(Split split) const = 0;
  virtual std::string summary() const = 0;  // of the data, for people
  // A hash of everything the task trains on: another one is another run.
  virtual std::string data_hash() const = 0;
  // The names that evaluate() gives; empty where they are not known beforehand.
  virtual std::vector<std::string> metric_names() const { return {}; }
  // How many examples are evaluated, as "samples".
  virtual Metrics sample_counts() const {
    return {{"samples", static_cast<double>(examples(Split::kValidation))}};
  }
  // What report.html shows of the model as it now stands, on the validation examples, which are
  // evaluated once more for it.
  virtual ReportDetails details() { return {}; }
  // What to do about the predictions of the last evaluation, for people; empty: nothing.
  virtual std::string advice() const { return {}; }

  std::vector<double> counts(std::span<const MicroBatch> own) override;
  Deferred<Metrics> accumulate(const MicroBatch& part, std::span<const double> counts,
                               Tensor loss_scale) override;
  // The averages over all validation examples.
  Metrics evaluate() override;
  void save_extras(const std::filesystem::path& folder) const override;

 protected:
  // Error(kUsage) for sizes below 1.
  FinetuningTask(std::shared_ptr<const Tokenizer> tokenizer, const FinetuningSizes& sizes);

  // The divisors of the loss of these examples, as the head's count() gives them.
  virtual std::vector<double> count(Split split, std::span<const size_t> which) const = 0;
  // Queues these examples. forward.loss.counts are set, to those of the update or of this batch.
  // Gives the sums that averages() takes, "tokens" among them.
  virtual Deferred<Metrics> start(Split split, std::span<const size_t> which,
                                  ForwardOptions forward) = 0;

 private:
  // With R-Drop all of them once, then all of them again.
  std::vector<size_t> examples_of(const MicroBatch& part) const;

  std::shared_ptr<const Tokenizer> tokenizer_;
  FinetuningSizes sizes_;
};

}  // namespace albert
