#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "albert/heads/pretrained_model.h"
#include "albert/trainer/loop/metrics.h"

namespace albert {

// One of the parts of equal size that the batch of an update is computed in, over all ranks.
struct MicroBatch {
  int64_t step = 0;
  int64_t index = 0, all = 1;  // the index-th of so many

  // The number of its first example in a run whose updates have `batch_size` examples.
  int64_t first_example(int64_t batch_size) const {
    return step * batch_size + index * size(batch_size);
  }
  int64_t size(int64_t batch_size) const { return batch_size / all; }
  // What is random in it depends on this number: no other micro-batch of the run has it.
  uint64_t number() const { return static_cast<uint64_t>(step * all + index); }
  bool operator==(const MicroBatch&) const = default;
};

// What is trained. A task knows nothing of ranks: the loop says which micro-batches this one has,
// and calls the collectives. A micro-batch's results are a pure function of it, so that a resumed
// run does the same, also on another number of ranks.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;
  virtual AlbertPreTrainedModel& model() = 0;
  // Adds up the numbers that the losses of an update are divided by (examples, predicted tokens),
  // over these micro-batches of one step. The loop adds up those of all ranks.
  virtual std::vector<double> counts(std::span<const MicroBatch> own) = 0;
  // Queues what adds to the gradients those of one of the micro-batches that counts() had last, of
  // losses divided by `counts`, the sums over all, and times `loss_scale` (ForwardOptions). Gives
  // sums over the micro-batch, "tokens" among them, under the same names each time.
  virtual Deferred<Metrics> accumulate(const MicroBatch& part, std::span<const double> counts,
                                       Tensor loss_scale) = 0;
  // Averages to show and log, of the sums of one or more updates over all ranks.
  virtual Metrics averages(const Metrics& sums) const = 0;
  // Over all held-out examples; the loop asks the rank that leads. Empty where there are none.
  virtual Metrics evaluate() = 0;
  // Writes the files that from_pretrained needs besides config.json and model.safetensors, those of
  // the tokenizer, into a model's folder.
  virtual void save_extras(const std::filesystem::path& folder) const = 0;
};

}  // namespace albert
