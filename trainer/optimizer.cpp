#include "trainer/optimizer.h"

#include <cmath>

#include "engine/transfer.h"
#include "kernels/global_norm.h"
#include "kernels/parallel.h"

namespace albert {
namespace {

int64_t partials_for(int64_t elements) { return 2 * kernels::blocks_of(elements, kernels::kNormBlock) + 2; }

}  // namespace

Optimizer::Optimizer(kernels::Backend& backend, ParameterStore& parameters, const OptimizerOptions& options)
    : backend_(backend), parameters_(parameters), options_(options) {
  const Tensor values = parameters.flat_values();
  ALBERT_CHECK(values && parameters.flat_grads(), "an optimizer needs a trainable model");
  const int64_t n = values.shape.size(), partials = partials_for(n);
  m_bytes_ = {backend, values.bytes()};
  v_bytes_ = {backend, values.bytes()};
  partials_bytes_ = {backend, static_cast<size_t>(partials + 1) * sizeof(double)};
  m_ = {m_bytes_.data(), values.shape, values.dtype};
  v_ = {v_bytes_.data(), values.shape, values.dtype};
  partials_ = {partials_bytes_.data(), {partials}, DType::kF64};
  total_ = {static_cast<double*>(partials_.data) + partials, {1}, DType::kF64};
}

double Optimizer::gradient_norm() const {
  const Tensor grads = parameters_.flat_grads();
  const Tensor partials{partials_.data, {kernels::blocks_of(grads.shape.size(), kernels::kNormBlock)}, DType::kF64};
  kernels::sum_of_squares(backend_.stream(), total_, partials, grads);
  return std::sqrt(download(backend_, total_).at<double>(0));
}

// The parameter's part of a flat tensor laid out as the values.
Tensor Optimizer::like(Tensor flat, const Parameter& p) const {
  const auto offset =
      static_cast<const std::byte*>(p.value.data) - static_cast<const std::byte*>(parameters_.flat_values().data);
  return {static_cast<std::byte*>(flat.data) + offset, {p.shape.size()}, flat.dtype};
}

void Optimizer::update(Parameter& p, kernels::AdamStep step) {
  const int64_t n = p.shape.size();
  const Tensor value = p.value.reshaped({n}), gradient = p.grad.reshaped({n}), m = like(m_, p), v = like(v_, p);
  if (!p.decay) step.weight_decay = 0;
  if (options_.kind == OptimizerOptions::Kind::kLamb && p.decay) {
    const Tensor partials{partials_.data, {partials_for(n)}, DType::kF64};
    kernels::lamb_update(backend_.stream(), value, m, v, gradient, gradient, partials, step);
  } else {
    kernels::adamw_update(backend_.stream(), value, m, v, gradient, step);
  }
}

Optimizer::Result Optimizer::step(double learning_rate, double gradient_scale) {
  const double norm = gradient_norm() * gradient_scale;
  if (!std::isfinite(norm)) return {norm, false};
  const double limit = options_.max_gradient_norm;
  const double clip = limit > 0 && norm > limit ? limit / norm : 1;
  ++steps_;
  const auto correction = [&](double beta) {
    return options_.bias_correction ? 1 - std::pow(beta, static_cast<double>(steps_)) : 1.0;
  };
  const kernels::AdamStep step{.learning_rate = learning_rate,
                               .beta1 = options_.beta1,
                               .beta2 = options_.beta2,
                               .eps = options_.eps,
                               .weight_decay = options_.weight_decay,
                               .bias_correction1 = correction(options_.beta1),
                               .bias_correction2 = correction(options_.beta2),
                               .gradient_scale = gradient_scale * clip};
  for (Parameter& p : parameters_.all()) update(p, step);
  return {norm, true};
}

}  // namespace albert
