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

// How a parameter starts (albert.md 2.8, transformers' rule): normal(0, initializer_range), 0 or 1.
enum class Init : uint8_t { kNormal, kZeros, kOnes };

// One named weight. Kernels read `compute` (and `packed`) and add into `grad`.
struct Parameter {
  std::string name;  // transformers' state-dict key
  Shape shape;
  Init init = Init::kNormal;
  bool decay = true;  // weight decay applies; biases and LayerNorm say false

  Tensor value;    // master, f32 (f64 in f64)
  Tensor grad;     // as value; only ever added to. Empty when the store was made for inference
  Tensor compute;  // what forward reads: value itself, or its bf16 copy
  Tensor packed;   // compute as linear_forward likes it, for weights that asked for it
};

// Bytes a model needs for itself, apart from the arena of a step.
struct ParameterBytes {
  size_t values = 0, gradients = 0, compute = 0, packed = 0;
  size_t total() const { return values + gradients + compute + packed; }
};

// Owns every parameter of a model, values and gradients each in one flat range, so that zeroing,
// norms, all-reduce and checkpoints are one call. First declare (add, stack), then materialize
// once.
class ParameterStore {
 public:
  ParameterStore() = default;
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  // References stay valid for the store's life. Error(kInternal) on a name used twice.
  Parameter& add(std::string name, Shape shape, Init init, bool decay);

  // Parameters added next to each other, also seen as one: key and value as a [2H, H] weight. Only
  // `parts` are optimised and saved.
  Parameter& stack(const std::vector<Parameter*>& parts);

  // Asks for a packed copy of a weight [out, in], remade whenever values change.
  void pack(Parameter& weight) { packed_.push_back(&weight); }

  ParameterBytes bytes(kernels::Stream stream, Precision precision, bool gradients) const;
  void materialize(kernels::Backend& backend, Precision precision, bool gradients);
  bool materialized() const { return static_cast<bool>(flat_values_); }

  // Values from the host, of the parameter's size and converted to its type. sync_compute_copies()
  // must follow.
  void write(const Parameter& parameter, const HostTensor& values);

  // Draws the values of the `wanted` parameters (empty: of all) from (seed, parameter's position,
  // element): the same for any thread count, and whichever others are drawn.
  void initialize(uint64_t seed, double initializer_range,
                  const std::function<bool(const Parameter&)>& wanted = nullptr);
  // To be called after writing values: makes compute and packed copies follow.
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
