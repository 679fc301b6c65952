#pragma once
// Builds the graph of a model in ONNX, operation by operation. Not installed.
#include "albert/engine/weights/onnx_writer.h"
#include "albert/engine/weights/renamed_weights.h"
#include "albert/heads/formats/model_to_write.h"

namespace albert {

// Values are known by names, which say where in the model they are computed. A parameter or
// constant is in the graph once, however many nodes read it.
class OnnxBuilder {
 public:
  // Error(kMismatch) for weights that are not all f32 or all f16.
  explicit OnnxBuilder(const ModelToWrite& model);

  const AlbertConfig& config() const { return model_.config; }
  DType dtype() const { return dtype_; }  // of the weights, and of what is computed
  bool has(const std::string& parameter) const;

  // A parameter as it is, and a matrix [out, in] as [in, out], which MatMul takes.
  std::string parameter(const std::string& name);
  std::string kernel(const std::string& name);
  // Constants: one float, integers [n], and one integer.
  std::string number(double value);
  std::string integers(const std::vector<int64_t>& values);
  std::string integer(int64_t value);

  // What the following nodes' names begin with.
  void enter(const std::string& scope) { scope_ = scope; }
  // An operation of one output.
  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   const std::vector<OnnxAttribute>& attributes = {});
  // An operation of two, by the first one's name.
  std::pair<std::string, std::string> node_of_two(const std::string& type,
                                                  const std::vector<std::string>& inputs,
                                                  const std::vector<OnnxAttribute>& attributes);

  // x [.., in] -> [.., out] by the parameters LAYER.weight [out, in] and LAYER.bias.
  std::string linear(const std::string& x, const std::string& layer);
  std::string layer_norm(const std::string& x, const std::string& layer);
  std::string activation(const std::string& x, kernels::Activation activation);

  using Sizes = std::vector<std::variant<int64_t, std::string>>;
  void input(const std::string& name, const Sizes& sizes);
  // The value gets this name.
  void output(const std::string& name, const std::string& value, const Sizes& sizes,
              std::optional<DType> dtype = {});

  const OnnxGraph& graph() const { return graph_; }
  // The parameters that nodes read, under the names that they have in the graph.
  std::unique_ptr<const WeightSource> weights() const { return renamed(model_.weights, sources_); }

 private:
  std::string constant(const std::string& name, HostTensor value);
  std::string gelu_new(const std::string& x);
  std::string gelu(const std::string& x);

  const ModelToWrite& model_;
  DType dtype_;
  std::string scope_;
  std::map<std::string, int> uses_;  // of a node's name
  TensorSources sources_;
  OnnxGraph graph_;
};

}  // namespace albert
