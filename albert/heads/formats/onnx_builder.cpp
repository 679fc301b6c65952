#include "albert/heads/formats/onnx_builder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "albert/base/printable.h"

namespace albert {
namespace {

// The one type of all weights.
DType type_of(const WeightSource& weights) {
  const auto& [first, info] = *weights.tensors().begin();
  for (const auto& [name, other] : weights.tensors()) {
    if (other.dtype != DType::kF32 && other.dtype != DType::kF16)
      fail(ErrorCode::kMismatch, weights.name(), ": tensor ", in_quotes(name), ": found ",
           other.dtype, ", wanted one of f32, f16, in which graphs are written: add --dtype f32");
    if (other.dtype != info.dtype)
      fail(ErrorCode::kMismatch, weights.name(), ": tensor ", in_quotes(name), ": found ",
           other.dtype, " where ", in_quotes(first), " is ", info.dtype,
           ", wanted one type: add --dtype f32");
  }
  return info.dtype;
}

std::string text_of(double value) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return {digits, end};
}

}  // namespace

OnnxBuilder::OnnxBuilder(const ModelToWrite& model)
    : model_(model), dtype_(type_of(*model.weights)) {
  graph_.name = model.architecture();
}

bool OnnxBuilder::has(const std::string& parameter) const {
  return model_.weights->tensors().contains(parameter);
}

std::string OnnxBuilder::parameter(const std::string& name) {
  sources_.emplace(name, TensorOrigin{name});
  return name;
}

std::string OnnxBuilder::kernel(const std::string& name) {
  const std::string turned = name + ".transposed";
  sources_.emplace(turned, TensorOrigin{name, true});
  return turned;
}

std::string OnnxBuilder::constant(const std::string& name, HostTensor value) {
  graph_.constants.emplace(name, std::move(value));
  return name;
}

std::string OnnxBuilder::number(double value) {
  return constant("number " + text_of(value), HostTensor::of<double>({}, {value}).to(dtype_));
}

std::string OnnxBuilder::integers(const std::vector<int64_t>& values) {
  std::string name = "integers";
  for (const int64_t value : values) name += " " + std::to_string(value);
  return constant(name, HostTensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
}

std::string OnnxBuilder::integer(int64_t value) {
  return constant("integer " + std::to_string(value), HostTensor::of<int64_t>({}, {value}));
}

std::string OnnxBuilder::node(const std::string& type, const std::vector<std::string>& inputs,
                              const std::vector<OnnxAttribute>& attributes) {
  std::string name = "/" + scope_ + "/" + type;
  if (const int before = uses_[name]++; before > 0) name += "_" + std::to_string(before);
  graph_.nodes.push_back({type, inputs, {name}, attributes});
  return name;
}

std::pair<std::string, std::string> OnnxBuilder::node_of_two(
    const std::string& type, const std::vector<std::string>& inputs,
    const std::vector<OnnxAttribute>& attributes) {
  const std::string first = node(type, inputs, attributes), second = first + ".second";
  graph_.nodes.back().outputs.push_back(second);
  return {first, second};
}

std::string OnnxBuilder::linear(const std::string& x, const std::string& layer) {
  const std::string product = node("MatMul", {x, kernel(layer + ".weight")});
  return node("Add", {product, parameter(layer + ".bias")});
}

std::string OnnxBuilder::layer_norm(const std::string& x, const std::string& layer) {
  return node("LayerNormalization", {x, parameter(layer + ".weight"), parameter(layer + ".bias")},
              {{"axis", int64_t{-1}}, {"epsilon", static_cast<float>(config().layer_norm_eps)}});
}

// Both forms of GELU are those that onnxruntime recognises and computes in one pass.
std::string OnnxBuilder::gelu_new(const std::string& x) {
  constexpr double kCubic = 0.044715, kScale = 0.79788456080286535588;  // sqrt(2 / pi)
  const std::string cube = node("Pow", {x, number(3)}),
                    sum = node("Add", {x, node("Mul", {cube, number(kCubic)})}),
                    tanh = node("Tanh", {node("Mul", {sum, number(kScale)})}),
                    half = node("Mul", {x, number(0.5)});
  return node("Mul", {half, node("Add", {tanh, number(1)})});
}

std::string OnnxBuilder::gelu(const std::string& x) {
  const std::string erf = node("Erf", {node("Div", {x, number(std::sqrt(2.0))})}),
                    scaled = node("Mul", {x, node("Add", {erf, number(1)})});
  return node("Mul", {scaled, number(0.5)});
}

std::string OnnxBuilder::activation(const std::string& x, kernels::Activation activation) {
  switch (activation) {
    case kernels::Activation::kIdentity: return x;
    case kernels::Activation::kGeluNew: return gelu_new(x);
    case kernels::Activation::kGelu: return gelu(x);
    case kernels::Activation::kRelu: return node("Relu", {x});
    case kernels::Activation::kSilu: return node("Mul", {x, node("Sigmoid", {x})});
    case kernels::Activation::kTanh: return node("Tanh", {x});
  }
  fail(ErrorCode::kInternal, "an activation without a form in ONNX");
}

void OnnxBuilder::input(const std::string& name, const Sizes& sizes) {
  graph_.inputs.push_back({name, DType::kI64, sizes});
}

void OnnxBuilder::output(const std::string& name, const std::string& value, const Sizes& sizes,
                         std::optional<DType> dtype) {
  for (OnnxNode& node : graph_.nodes) {
    std::replace(node.inputs.begin(), node.inputs.end(), value, name);
    std::replace(node.outputs.begin(), node.outputs.end(), value, name);
  }
  graph_.outputs.push_back({name, dtype.value_or(dtype_), sizes});
}

}  // namespace albert
