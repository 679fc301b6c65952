#pragma once
#include "albert/engine/deferred.h"
#include "albert/engine/parameter.h"
#include "albert/heads/pretrained_model.h"
#include "albert/kernels/optimizer.h"

namespace albert {

// AdamW and LAMB in the variants of albert.md 5.1 and 5.2. Biases and LayerNorm have no decay and,
// in LAMB, no trust ratio.
struct OptimizerOptions {
  enum class Kind : uint8_t { kAdamW, kLamb };
  Kind kind = Kind::kAdamW;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  bool bias_correction = true;  // Google's have none, and eps 1e-6
  double max_gradient_norm =
      1;                     // clip to this global norm: g *= min(1, max / norm); 0: no clipping
  bool scales_loss = false;  // f16: a loss scale from LossScale::kStart on, kept as it says

  static OptimizerOptions google(Kind kind) {
    return {.kind = kind, .eps = 1e-6, .bias_correction = false};
  }
};

// Moments of every parameter and the update of all of them.
class Optimizer {
 public:
  // Error(kInternal) for a model that is not trainable; it must not be loaded anew while this
  // lives.
  Optimizer(AlbertPreTrainedModel& model, const OptimizerOptions& options);

  // Queues one update from the gradients as they stand, of losses times loss_scale(). What comes
  // out says whether it was applied: where the gradient is not finite, nothing changes. On a GPU it
  // is recorded, as every step is.
  Deferred<kernels::UpdateState> step(double learning_rate);

  // [1], for ForwardOptions::loss_scale: each step() leaves the scale of the losses after it.
  Tensor loss_scale() const { return loss_scale_; }
  kernels::UpdateState state() const;                 // waits
  void set_state(const kernels::UpdateState& state);  // of a checkpoint
  // For checkpoints: [n] as ParameterStore::flat_values()
  Tensor first_moments() const { return m_; }
  Tensor second_moments() const { return v_; }

 private:
  void make_table();
  void update(const kernels::Stream& s, Tensor learning_rate);

  Session& session_;
  ParameterStore& parameters_;
  OptimizerOptions options_;
  kernels::Buffer m_bytes_, v_bytes_, blocks_, parts_, sums_;
  Tensor m_, v_, squares_, norm_partials_, partials_, rates_, state_, factors_, loss_scale_;
  kernels::UpdateTable table_;
};

}  // namespace albert
