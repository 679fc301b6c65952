#pragma once
#include <memory>
#include <string>

#include "albert/heads/pretrained_model.h"
#include "apps/bench/workload.h"

namespace albert::bench {

// Something a user does again and again with a model.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(const Batch& batch) = 0;
  virtual AlbertPreTrainedModel& model() = 0;
  virtual void set_keep(Keep) {}                    // of a step that trains
  virtual size_t state_bytes() const { return 0; }  // besides parameters, gradients and the arena
};

// The encoder with its pooler, hidden states out.
std::unique_ptr<Step> inference_step(const AlbertConfig& config, ModelOptions options);
// One decision a sequence: of the last layer only what the decision reads is computed.
std::unique_ptr<Step> classification_step(const AlbertConfig& config, ModelOptions options);
// Loss and gradients of masked words and sentence order (one token in seven is masked), clipping,
// AdamW.
std::unique_ptr<Step> pretraining_step(const AlbertConfig& config, ModelOptions options);
// The same of a classifier with two labels.
std::unique_ptr<Step> finetuning_step(const AlbertConfig& config, ModelOptions options);

// The step of a phase by its name; null where the phase has none.
std::unique_ptr<Step> step_of(const std::string& phase, const AlbertConfig& config,
                              const ModelOptions& options);

}  // namespace albert::bench
