#pragma once
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "albert/engine/host_tensor.h"
#include "albert/engine/precision.h"
#include "albert/kernels/backend.h"

namespace albert {

// How a parameter starts, by transformers' rule: normal(0, initializer_range), 0 or 1
// (docs/albert.md, "The network").
enum class Init : uint8_t { kNormal, kZeros, kOnes };

// One named weight. Kernels read `compute` (and `packed`) and add to `grad`.
struct Parameter {
  std::string name;  // transformers' state-dict key
  Shape shape;
  Init init = Init::kNormal;
  bool decay = true;  // weight decay applies; not to biases and LayerNorm

  Tensor value;    // the master values, f32 (f64 in f64)
  Tensor grad;     // of value's shape and dtype, only ever added to; empty in inference
  Tensor compute;  // F: value itself, or its copy in bf16 or f16
  Tensor packed;   // compute in linear_forward's own layout, for weights that asked for it
};

// The bytes that a model's parameters take, without the arena of a step.
struct ParameterBytes {
  size_t values = 0, gradients = 0, compute = 0, packed = 0;
  size_t total() const { return values + gradients + compute + packed; }
};

// Owns every parameter of a model. Values and gradients lie in one flat range each, so that
// zeroing, norms, all-reduce and checkpoints are one call. Parameters are declared first (add,
// stack) and then materialized once.
class ParameterStore {
 public:
  ParameterStore() = default;
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  // References stay valid for the store's life. Error(kInternal) on a name used twice.
  Parameter& add(std::string name, Shape shape, Init init, bool decay);

  // One parameter made of several that were added next to each other: key and value as a [2H, H]
  // weight. Only `parts` are optimised and saved.
  Parameter& stack(const std::vector<Parameter*>& parts);

  // Asks for a packed copy of a weight [out, in]; sync_compute_copies() remakes it.
  void pack(Parameter& weight) { packed_.push_back(&weight); }

  ParameterBytes bytes(kernels::Stream stream, Precision precision, bool gradients) const;
  void materialize(kernels::Backend& backend, Precision precision, bool gradients);
  bool materialized() const { return static_cast<bool>(flat_values_); }

  // Writes host values of the parameter's size, converted to its dtype. sync_compute_copies() must
  // follow.
  void write(const Parameter& parameter, const HostTensor& values);

  // Draws the values of the `wanted` parameters, or of all if it is empty. A value depends only on
  // (seed, position of the parameter, element). sync_compute_copies() must follow.
  void initialize(uint64_t seed, double initializer_range,
                  const std::function<bool(const Parameter&)>& wanted = nullptr);
  // Makes the compute and packed copies follow the values.
  void sync_compute_copies(kernels::Stream stream);
  void zero_grads();

  std::deque<Parameter>& all() { return parameters_; }
  const std::deque<Parameter>& all() const { return parameters_; }
  Parameter* find(std::string_view name);
  int64_t count() const;                               // elements, shared ones once
  Tensor flat_values() const { return flat_values_; }  // [n], zeros between parameters
  Tensor flat_grads() const { return flat_grads_; }

 private:
  struct Layout {
    std::vector<int64_t> offsets;  // of parameters_, in elements
    int64_t size = 0;
  };
  Layout layout() const;
  std::vector<Tensor> views(Tensor flat, const Layout& layout) const;

  struct Stack {
    Parameter view;
    std::vector<Parameter*> parts;
  };
  kernels::Backend* backend_ = nullptr;  // since materialize()
  std::deque<Parameter> parameters_;
  std::deque<Stack> stacks_;
  std::vector<Parameter*> packed_;
  kernels::Buffer values_, grads_, compute_, packed_bytes_;
  Tensor flat_values_, flat_grads_, flat_compute_;
};

}  // namespace albert
