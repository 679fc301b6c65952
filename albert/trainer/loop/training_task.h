#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "albert/heads/pretrained_model.h"
#include "albert/trainer/loop/metrics.h"

namespace albert {

// What is trained, on one rank of a job: its share of every batch gives gradients. A task knows its
// rank and how many there are, but calls no collective: the loop does. What depends on a step is a
// pure function of that step, so that a resumed run does the same.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;
  virtual AlbertPreTrainedModel& model() = 0;
  // The numbers that the losses of update `step` are divided by (examples, predicted tokens), of
  // this rank's share. The loop adds up those of all ranks and calls accumulate() with the sums.
  virtual std::vector<double> counts(int64_t step) = 0;
  // Queues what adds to the gradients those of this rank's share of update `step` (all its
  // micro-batches), of losses divided by `counts` and times `loss_scale` (ForwardOptions). Gives
  // sums over the share, "tokens" among them, under the same names on every rank.
  virtual Deferred<Metrics> accumulate(int64_t step, std::span<const double> counts,
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
