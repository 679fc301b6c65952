#include "trainer/optimizer.h"

#include <cmath>
#include <utility>

#include "engine/transfer.h"
#include "kernels/global_norm.h"
#include "kernels/parallel.h"

namespace albert {
namespace {

using kernels::Buffer;

Buffer device_copy(kernels::Backend& backend, const std::vector<int64_t>& values) {
  const size_t bytes = values.size() * sizeof(int64_t);
  Buffer buffer(backend, bytes);
  if (bytes > 0) backend.copy_to_device(buffer.data(), values.data(), bytes);
  return buffer;
}

Tensor rows_of_three(const Buffer& buffer) {
  return {buffer.data(), {static_cast<int64_t>(buffer.bytes() / (3 * sizeof(int64_t))), 3}, DType::kI64};
}

}  // namespace

Optimizer::Optimizer(kernels::Backend& backend, ParameterStore& parameters, const OptimizerOptions& options)
    : backend_(backend), parameters_(parameters), options_(options) {
  const Tensor values = parameters.flat_values();
  ALBERT_CHECK(values && parameters.flat_grads(), "an optimizer needs a trainable model");
  m_bytes_ = {backend, values.bytes()};
  v_bytes_ = {backend, values.bytes()};
  m_ = {m_bytes_.data(), values.shape, values.dtype};
  v_ = {v_bytes_.data(), values.shape, values.dtype};
  make_table();
  const int64_t norm_blocks = kernels::blocks_of(values.shape.size(), kernels::kNormBlock);
  const int64_t blocks = table_.blocks.shape[0], parts = table_.parameters.shape[0];
  sums_ = {backend, static_cast<size_t>(1 + norm_blocks + 2 * blocks + parts) * sizeof(double)};
  auto* next = static_cast<double*>(sums_.data());
  const auto take = [&](Shape shape) { return Tensor{std::exchange(next, next + shape.size()), shape, DType::kF64}; };
  squares_ = take({1});
  norm_partials_ = take({norm_blocks});
  partials_ = take({blocks, 2});
  rates_ = take({parts});
}

void Optimizer::make_table() {
  kernels::UpdateRows rows;
  const auto* begin = static_cast<const std::byte*>(parameters_.flat_values().data);
  for (const Parameter& p : parameters_.all()) {
    const auto offset = static_cast<const std::byte*>(p.value.data) - begin;
    rows.add(offset / static_cast<int64_t>(size_of(p.value.dtype)), p.shape.size(), p.decay);
  }
  blocks_ = device_copy(backend_, rows.blocks);
  parts_ = device_copy(backend_, rows.parameters);
  table_ = {rows_of_three(blocks_), rows_of_three(parts_)};
}

Optimizer::Result Optimizer::step(double learning_rate, double gradient_scale) {
  const auto correction = [&](double beta) {
    return options_.bias_correction ? 1 - std::pow(beta, static_cast<double>(steps_ + 1)) : 1.0;
  };
  const kernels::AdamStep step{.learning_rate = learning_rate,
                               .beta1 = options_.beta1,
                               .beta2 = options_.beta2,
                               .eps = options_.eps,
                               .weight_decay = options_.weight_decay,
                               .bias_correction1 = correction(options_.beta1),
                               .bias_correction2 = correction(options_.beta2),
                               .gradient_scale = gradient_scale,
                               .max_gradient_norm = options_.max_gradient_norm};
  const kernels::Stream s = backend_.stream();
  const Tensor values = parameters_.flat_values(), gradients = parameters_.flat_grads();
  kernels::sum_of_squares(s, squares_, norm_partials_, gradients);
  if (options_.kind == OptimizerOptions::Kind::kLamb)
    kernels::lamb_update(s, values, m_, v_, gradients, squares_, gradients, partials_, rates_, table_, step);
  else
    kernels::adamw_update(s, values, m_, v_, gradients, squares_, table_, step);
  const double norm = std::sqrt(download(backend_, squares_).at<double>(0)) * gradient_scale;
  const bool applied = std::isfinite(norm);
  if (applied) ++steps_;
  return {norm, applied};
}

}  // namespace albert
