#include "albert/trainer/optim/optimizer.h"

#include <cstring>
#include <utility>

#include "albert/engine/transfer.h"
#include "albert/kernels/blocks.h"
#include "albert/kernels/global_norm.h"

namespace albert {
namespace {

using kernels::Buffer;
using kernels::UpdateState;

Buffer device_copy(kernels::Backend& backend, const std::vector<int64_t>& values) {
  const size_t bytes = values.size() * sizeof(int64_t);
  Buffer buffer(backend, bytes);
  if (bytes > 0) backend.copy_to_device(buffer.data(), values.data(), bytes);
  return buffer;
}

UpdateState state_of(const HostTensor& host) {
  UpdateState state;
  std::memcpy(&state, host.raw(), sizeof state);
  return state;
}

Tensor rows_of(int64_t width, const Buffer& buffer) {
  const auto numbers = static_cast<int64_t>(buffer.bytes() / sizeof(int64_t));
  return {buffer.data(), {numbers / width, width}, DType::kI64};
}

}  // namespace

double RateMultipliers::of(const std::string& parameter) const {
  const auto has = [&](const char* part) { return parameter.find(part) != std::string::npos; };
  if (has("embeddings.") || has("encoder.embedding_hidden_mapping_in.")) return embeddings;
  return has("encoder.") || has("pooler.") ? encoder : head;
}

Optimizer::Optimizer(AlbertPreTrainedModel& model, const OptimizerOptions& options)
    : session_(model.session()), parameters_(model.parameters()), options_(options) {
  const Tensor values = parameters_.flat_values();
  ALBERT_CHECK(values && parameters_.flat_grads(), "an optimizer needs a trainable model");
  m_bytes_ = {session_.backend(), values.bytes()};
  v_bytes_ = {session_.backend(), values.bytes()};
  m_ = {m_bytes_.data(), values.shape, values.dtype};
  v_ = {v_bytes_.data(), values.shape, values.dtype};
  if (options.average_decay > 0) {
    average_bytes_ = {session_.backend(), values.bytes()};
    average_ = {average_bytes_.data(), values.shape, values.dtype};
    upload(session_.backend(), average_, download(session_.backend(), values));
  }
  make_table();
  const int64_t norm_blocks = kernels::blocks_of(values.shape.size(), kernels::kNormBlock);
  const int64_t blocks = table_.blocks.shape[0], parts = table_.parameters.shape[0];
  const int64_t numbers = 2 + norm_blocks + 2 * blocks + parts + kernels::kUpdateStateSize +
                          kernels::kUpdateFactorsSize;
  sums_ = {session_.backend(), static_cast<size_t>(numbers) * sizeof(double)};
  auto* next = static_cast<double*>(sums_.data());
  const auto take = [&](Shape shape) {
    return Tensor{std::exchange(next, next + shape.size()), shape, DType::kF64};
  };
  squares_ = take({1});
  norm_partials_ = take({norm_blocks});
  partials_ = take({blocks, 2});
  rates_ = take({parts});
  state_ = take({kernels::kUpdateStateSize});
  factors_ = take({kernels::kUpdateFactorsSize});
  loss_scale_ = {take({1}).data, {1}, values.dtype};
  set_state({.loss_scale = {options.scales_loss ? kernels::LossScale::kStart : 1}});
}

void Optimizer::make_table() {
  kernels::UpdateRows rows;
  const auto* begin = static_cast<const std::byte*>(parameters_.flat_values().data);
  for (const Parameter& p : parameters_.all()) {
    const double rate = options_.rates.of(p.name);
    if (rate == 0) {
      frozen_gradients_.push_back(p.grad);
      continue;
    }
    const auto offset = static_cast<const std::byte*>(p.value.data) - begin;
    if (p.decay) scaled_.push_back({p.name, rows.parameters.size() / 4, rate});
    rows.add(offset / static_cast<int64_t>(size_of(p.value.dtype)), p.shape.size(), p.decay, rate);
  }
  blocks_ = device_copy(session_.backend(), rows.blocks);
  parts_ = device_copy(session_.backend(), rows.parameters);
  table_ = {rows_of(3, blocks_), rows_of(4, parts_)};
}

Deferred<UpdateState> Optimizer::step(double learning_rate) {
  for (const Tensor& gradient : frozen_gradients_)
    session_.backend().clear(gradient.data, gradient.bytes());
  session_.run(Mode::kInference, [&](Tape& t) {
    update(t.stream(), t.on_device(HostView{&learning_rate, {1}, DType::kF64}));
    parameters_.sync_compute_copies(t.stream());
  });
  const Deferred<HostTensor> state = start_download(session_.backend(), state_);
  return Deferred<UpdateState>([state] { return state_of(state.get()); });
}

Deferred<Optimizer::TrustRatios> Optimizer::trust_ratios(double learning_rate) const {
  if (options_.kind != OptimizerOptions::Kind::kLamb || learning_rate == 0)
    return Deferred<TrustRatios>([] { return TrustRatios(); });
  const Deferred<HostTensor> rates = start_download(session_.backend(), rates_);
  return Deferred<TrustRatios>([rates, learning_rate, scaled = scaled_] {
    const HostTensor values = rates.get();
    TrustRatios ratios;
    for (const Scaled& s : scaled)
      ratios.emplace_back(s.name, values.data<double>()[s.row] / (learning_rate * s.rate));
    return ratios;
  });
}

void Optimizer::update(const kernels::Stream& s, Tensor learning_rate) {
  const kernels::AdamRule adam{options_.beta1, options_.beta2, options_.eps, options_.weight_decay};
  const kernels::UpdateRule rule{.beta1 = options_.beta1,
                                 .beta2 = options_.beta2,
                                 .bias_correction = options_.bias_correction,
                                 .max_gradient_norm = options_.max_gradient_norm,
                                 .adjusts_loss_scale = options_.scales_loss};
  const Tensor values = parameters_.flat_values(), gradients = parameters_.flat_grads();
  kernels::sum_of_squares(s, squares_, norm_partials_, gradients);
  kernels::update_factors(s, factors_, state_, loss_scale_, squares_, learning_rate, rule);
  if (options_.kind == OptimizerOptions::Kind::kLamb)
    kernels::lamb_update(s, values, m_, v_, gradients, factors_, gradients, partials_, rates_,
                         table_, adam);
  else
    kernels::adamw_update(s, values, m_, v_, gradients, factors_, table_, adam);
  if (average_) kernels::moving_average(s, average_, values, factors_, options_.average_decay);
}

UpdateState Optimizer::state() const { return state_of(download(session_.backend(), state_)); }

void Optimizer::set_state(const UpdateState& state) {
  HostTensor host(DType::kF64, {kernels::kUpdateStateSize});
  std::memcpy(host.raw(), &state, host.bytes());
  upload(session_.backend(), state_, host);
  upload(session_.backend(), loss_scale_,
         HostTensor::of<double>({1}, {state.loss_scale.value}).to(loss_scale_.dtype));
}

}  // namespace albert
