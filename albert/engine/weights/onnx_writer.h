#pragma once
// ONNX files (onnx.proto, IR version 8, opset 17). Not installed.
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// TensorProto.DataType of the element type, as the operation Cast wants it.
int64_t onnx_type(DType dtype);

struct OnnxAttribute {
  std::string name;
  std::variant<int64_t, float, std::vector<int64_t>> value;
};

// One operation. Its operands are named; an empty name is an optional one that is left out.
struct OnnxNode {
  std::string type;  // "MatMul"
  std::vector<std::string> inputs, outputs;
  std::vector<OnnxAttribute> attributes = {};
};

// An input or output of a graph. A size is a number, or a name where
// each run has its own.
struct OnnxValue {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::variant<int64_t, std::string>> shape;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxValue> inputs, outputs;
  std::vector<OnnxNode> nodes;  // each behind those whose outputs it takes
  std::map<std::string, HostTensor> constants;
};

// A protobuf message ends below 2 GiB; weights beyond this are written to a second file.
inline constexpr uint64_t kOnnxMostInside = uint64_t{3} << 29;

// Writes a graph with its weights as initializers, each once and read when it is written. Weights
// of more than `most_inside` bytes go to PATH_data ("model.onnx_data"), which has to stay beside
// the file. Error(kIo).
void write_onnx_file(const std::filesystem::path& path, const OnnxGraph& graph,
                     const WeightSource& weights, uint64_t most_inside = kOnnxMostInside);

}  // namespace albert
