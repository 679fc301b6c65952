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
  Tensor int8;     // the weight in linear_int8's layout; value and compute are then empty
};

// The bytes that a model's parameters take, without the arena of a step.
struct ParameterBytes {
  size_t values = 0, gradients = 0, compute = 0, packed = 0, int8 = 0;
  size_t total() const { return values + gradients + compute + packed + int8; }
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
  // Packs it, and lets it be held in int8 instead where that is the format of the weights.
  void pack_or_quantize(Parameter& weight) {
    pack(weight);
    may_be_int8_.push_back(&weight);
  }

  ParameterBytes bytes(kernels::Stream stream, Precision precision, bool gradients,
                       WeightFormat format = WeightFormat::kFull) const;
  void materialize(kernels::Backend& backend, Precision precision, bool gradients,
                   WeightFormat format = WeightFormat::kFull);
  bool materialized() const { return static_cast<bool>(flat_values_); }

  // Writes host values of the parameter's size, converted to its dtype. sync_compute_copies() must
  // follow. A weight in int8 is quantized once all of it was written.
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
  // A weight in int8: its values wait in f32 until all have been written.
  struct Quantized {
    Parameter* weight;
    kernels::Buffer staged = {};
    int64_t missing = 0;  // elements that are not staged yet
  };
  Layout layout(WeightFormat format) const;
  size_t packed_bytes(kernels::Stream stream, const Parameter& p, DType compute,
                      WeightFormat format) const;
  bool is_int8(const Parameter& weight, WeightFormat format) const;
  void place_packed(DType compute, WeightFormat format);
  // The stack that a parameter is part of, else the parameter.
  const Parameter& whole_of(const Parameter& p) const;
  Quantized* quantized(const Parameter& p);
  Tensor begin_write(const Parameter& p);
  void end_write(const Parameter& p, int64_t elements);
  std::vector<Tensor> views(Tensor flat, const Layout& layout) const;

  struct Stack {
    Parameter view;
    std::vector<Parameter*> parts;
  };
  kernels::Backend* backend_ = nullptr;  // since materialize()
  std::deque<Parameter> parameters_;
  std::deque<Stack> stacks_;
  std::vector<Parameter*> packed_, may_be_int8_;
  std::vector<Quantized> quantized_;
  kernels::Buffer values_, grads_, compute_, packed_bytes_, int8_bytes_;
  Tensor flat_values_, flat_grads_, flat_compute_;
};

}  // namespace albert
