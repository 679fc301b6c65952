#pragma once
#include <memory>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "apps/bench/workload.h"

namespace albert::bench {

// One unit of work that a user repeats with a model.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(const Batch& batch) = 0;
  virtual AlbertPreTrainedModel& model() = 0;
  virtual void set_keep(Keep) {}                    // only for steps that train
  virtual size_t state_bytes() const { return 0; }  // besides parameters, gradients and the arena
};

// The encoder with its pooler, hidden states out.
std::unique_ptr<Step> inference_step(const AlbertConfig& config, ModelOptions options);
// One decision per sequence; the last layer computes only what the decision reads.
std::unique_ptr<Step> classification_step(const AlbertConfig& config, ModelOptions options);
// Loss and gradients of masked words and sentence order (one token in seven is masked), clipping,
// AdamW.
std::unique_ptr<Step> pretraining_step(const AlbertConfig& config, ModelOptions options);
// A training step of a classifier with two labels.
std::unique_ptr<Step> finetuning_step(const AlbertConfig& config, ModelOptions options);

// Returns the step of a phase by its name; null if the phase has none.
std::unique_ptr<Step> step_of(const std::string& phase, const AlbertConfig& config,
                              const ModelOptions& options);

}  // namespace albert::bench
