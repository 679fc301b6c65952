#pragma once
#include "engine/parameter.h"
#include "kernels/optimizer.h"

namespace albert {

// AdamW and LAMB in the variants of albert.md 5.1 and 5.2. Biases and LayerNorm have no decay and, in LAMB, no trust
// ratio.
struct OptimizerOptions {
  enum class Kind : uint8_t { kAdamW, kLamb };
  Kind kind = Kind::kAdamW;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  bool bias_correction = true;   // Google's have none, and eps 1e-6
  double max_gradient_norm = 1;  // clip to this global norm: g *= min(1, max / norm); 0: no clipping

  static OptimizerOptions google(Kind kind) { return {.kind = kind, .eps = 1e-6, .bias_correction = false}; }
};

// Moments of every parameter and the update of all of them.
class Optimizer {
 public:
  Optimizer(kernels::Backend& backend, ParameterStore& parameters, const OptimizerOptions& options);

  struct Result {
    double gradient_norm = 0;  // before clipping, of gradient * gradient_scale
    bool applied = false;      // false: the gradient was not finite, and nothing changed
  };
  // One update from the gradients as they stand, times `gradient_scale`. Call the model's update_compute() afterwards.
  Result step(double learning_rate, double gradient_scale = 1);

  int64_t steps() const { return steps_; }           // updates applied
  void set_steps(int64_t steps) { steps_ = steps; }  // of a checkpoint
  // For checkpoints: [n] as ParameterStore::flat_values()
  Tensor first_moments() const { return m_; }
  Tensor second_moments() const { return v_; }

 private:
  void make_table();

  kernels::Backend& backend_;
  ParameterStore& parameters_;
  OptimizerOptions options_;
  kernels::Buffer m_bytes_, v_bytes_, blocks_, parts_, sums_;
  Tensor m_, v_, squares_, norm_partials_, partials_, rates_;
  kernels::UpdateTable table_;
  int64_t steps_ = 0;
};

}  // namespace albert
