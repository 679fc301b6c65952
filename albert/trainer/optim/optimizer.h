#pragma once
#include "albert/engine/deferred.h"
#include "albert/engine/parameter.h"
#include "albert/heads/pretrained_model.h"
#include "albert/kernels/optimizer.h"

namespace albert {

// What the learning rate of each part of a model is multiplied by; 0: the part is frozen, does not
// decay and has no share in the norm that gradients are clipped by.
struct RateMultipliers {
  double embeddings = 1, encoder = 1;  // with its factor, and with the pooler
  double head = 1;

  double of(const std::string& parameter) const;  // by its name
};

// AdamW and LAMB, in Google's variants and in those of transformers and the LAMB paper
// (docs/albert.md, section 5). Biases and LayerNorm have no decay and, in LAMB, no trust ratio.
struct OptimizerOptions {
  enum class Kind : uint8_t { kAdamW, kLamb };
  Kind kind = Kind::kAdamW;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  bool bias_correction = true;   // Google's have none, and eps 1e-6
  double max_gradient_norm = 1;  // global: g *= min(1, max / norm); 0: no clipping
  bool scales_loss = false;      // f16: losses are scaled, from LossScale::kStart on
  RateMultipliers rates = {};
  double average_decay = 0;  // of a moving average of the weights, below 1; 0: none

  static OptimizerOptions google(Kind kind) {
    return {.kind = kind, .eps = 1e-6, .bias_correction = false};
  }
};

// Updates all parameters of a model, and holds their moments.
class Optimizer {
 public:
  // The model must not be loaded anew while this lives. Error(kInternal) if it is not trainable.
  Optimizer(AlbertPreTrainedModel& model, const OptimizerOptions& options);

  // Queues one update from the gradients, which are of losses times loss_scale(). The result says
  // whether it was applied: gradients that are not finite change nothing. On a GPU the update is
  // captured as a graph, as every step is.
  Deferred<kernels::UpdateState> step(double learning_rate);

  // LAMB's trust ratios |w| / |u| of the update that step(learning_rate) queued last, for every
  // parameter that decays and learns, by its name; of AdamW none.
  using TrustRatios = std::vector<std::pair<std::string, double>>;
  Deferred<TrustRatios> trust_ratios(double learning_rate) const;

  // [1], for ForwardOptions::loss_scale: each step() puts the scale of the next losses there.
  Tensor loss_scale() const { return loss_scale_; }
  kernels::UpdateState state() const;                 // waits
  void set_state(const kernels::UpdateState& state);  // of a checkpoint
  // For checkpoints: [n] with the type of ParameterStore::flat_values().
  Tensor first_moments() const { return m_; }
  Tensor second_moments() const { return v_; }
  // The moving average of the weights, likewise, from those that the optimizer was made with on:
  // average = decay average + (1 - decay) weights after each update that is applied. Empty where
  // the options ask for none.
  Tensor average() const { return average_; }

 private:
  void make_table();
  void update(const kernels::Stream& s, Tensor learning_rate);

  Session& session_;
  ParameterStore& parameters_;
  OptimizerOptions options_;
  std::vector<Tensor> frozen_gradients_;
  struct Scaled {
    std::string name;  // of a parameter that has a trust ratio
    size_t row;        // of rates_
    double rate;
  };
  std::vector<Scaled> scaled_;
  kernels::Buffer m_bytes_, v_bytes_, average_bytes_, blocks_, parts_, sums_;
  Tensor m_, v_, average_, squares_, norm_partials_, partials_, rates_, state_, factors_,
      loss_scale_;
  kernels::UpdateTable table_;
};

}  // namespace albert
