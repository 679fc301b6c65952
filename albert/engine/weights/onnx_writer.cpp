#include "albert/engine/weights/onnx_writer.h"

#include "albert/base/atomic_file.h"
#include "albert/base/protobuf.h"

namespace albert {
namespace {

using protobuf::bytes_field;
using protobuf::bytes_header;
using protobuf::float_field;
using protobuf::number_field;
using protobuf::written_number_field;

constexpr uint64_t kIrVersion = 8, kOpset = 17;
// Weights in a file of their own begin where a page does, so that they can be mapped into memory.
constexpr uint64_t kPage = 4096;

uint64_t type_of(DType dtype) { return static_cast<uint64_t>(onnx_type(dtype)); }

std::string_view bytes_of(const HostTensor& values) {
  return {static_cast<const char*>(values.raw()), values.bytes()};
}

uint64_t size_of_tensor(const TensorInfo& info) {
  return array_bytes(info.shape, info.dtype).value();
}

// A TensorProto without its values.
std::string tensor_head(const std::string& name, const TensorInfo& info) {
  std::string head;
  for (const int64_t dim : info.shape) head += written_number_field(1, static_cast<uint64_t>(dim));
  return head + number_field(2, type_of(info.dtype)) + bytes_field(8, name);
}

// The values of a tensor stand in `file`, from `offset` on.
std::string external_values(const std::string& file, uint64_t offset, uint64_t size) {
  constexpr uint64_t kExternal = 1;
  const auto entry = [](const std::string& key, const std::string& value) {
    return bytes_field(13, bytes_field(1, key) + bytes_field(2, value));
  };
  return entry("location", file) + entry("offset", std::to_string(offset)) +
         entry("length", std::to_string(size)) + written_number_field(14, kExternal);
}

// AttributeProto; the last field says which kind of value it has.
struct AttributeValue {
  std::string operator()(int64_t value) const {
    return written_number_field(3, static_cast<uint64_t>(value)) + number_field(20, 2);
  }
  std::string operator()(float value) const { return float_field(2, value) + number_field(20, 1); }
  std::string operator()(const std::vector<int64_t>& values) const {
    std::string fields;
    for (const int64_t value : values)
      fields += written_number_field(8, static_cast<uint64_t>(value));
    return fields + number_field(20, 7);
  }
};

// NodeProto, named as its first output.
std::string node_bytes(const OnnxNode& node) {
  std::string bytes;
  for (const auto& input : node.inputs) bytes += bytes_field(1, input);
  for (const auto& output : node.outputs) bytes += bytes_field(2, output);
  bytes += bytes_field(3, node.outputs.front()) + bytes_field(4, node.type);
  for (const OnnxAttribute& attribute : node.attributes)
    bytes += bytes_field(
        5, bytes_field(1, attribute.name) + std::visit(AttributeValue{}, attribute.value));
  return bytes;
}

// ValueInfoProto
std::string value_bytes(const OnnxValue& value) {
  std::string shape;
  for (const auto& size : value.shape) {
    const auto* number = std::get_if<int64_t>(&size);
    shape += bytes_field(1, number ? written_number_field(1, static_cast<uint64_t>(*number))
                                   : bytes_field(2, std::get<std::string>(size)));
  }
  const std::string tensor = number_field(1, type_of(value.dtype)) + bytes_field(2, shape);
  return bytes_field(1, value.name) + bytes_field(2, bytes_field(1, tensor));
}

// GraphProto without the weights.
std::string graph_bytes(const OnnxGraph& graph) {
  std::string bytes;
  for (const OnnxNode& node : graph.nodes) bytes += bytes_field(1, node_bytes(node));
  bytes += bytes_field(2, graph.name);
  for (const OnnxValue& input : graph.inputs) bytes += bytes_field(11, value_bytes(input));
  for (const OnnxValue& output : graph.outputs) bytes += bytes_field(12, value_bytes(output));
  for (const auto& [name, values] : graph.constants)
    bytes += bytes_field(5, tensor_head(name, {values.dtype(), values.shape()}) +
                                bytes_field(9, std::string(bytes_of(values))));
  return bytes;
}

// ModelProto up to its graph.
std::string model_head() {
  return number_field(1, kIrVersion) + bytes_field(2, "albert") +
         bytes_field(8, bytes_field(1, "") + number_field(2, kOpset));
}

// The weights behind one another, each from the beginning of a page on; returns their
// initializers.
std::string write_outside(const std::filesystem::path& path, const WeightSource& weights,
                          uint64_t total) {
  AtomicFile file(path, total);
  std::string initializers;
  uint64_t offset = 0;
  for (const auto& [name, info] : weights.tensors()) {
    const uint64_t size = size_of_tensor(info);
    initializers += bytes_field(
        5, tensor_head(name, info) + external_values(path.filename().string(), offset, size));
    file.write(bytes_of(weights.tensor(name)));
    const uint64_t gap = (kPage - size % kPage) % kPage;
    file.write(std::string(gap, '\0'));
    offset += size + gap;
  }
  file.publish();
  return initializers;
}

void write_inside(const std::filesystem::path& path, const std::string& graph,
                  const WeightSource& weights) {
  std::map<std::string, std::string> heads;  // of the initializers
  uint64_t total = graph.size();
  for (const auto& [name, info] : weights.tensors()) {
    const uint64_t size = size_of_tensor(info);
    const std::string tensor = tensor_head(name, info) + bytes_header(9, size);
    heads[name] = bytes_header(5, tensor.size() + size) + tensor;
    total += heads[name].size() + size;
  }
  AtomicFile file(path, total);
  file.write(model_head() + bytes_header(7, total) + graph);
  for (const auto& [name, head] : heads) {
    file.write(head);
    file.write(bytes_of(weights.tensor(name)));
  }
  file.publish();
}

}  // namespace

int64_t onnx_type(DType dtype) {
  switch (dtype) {
    case DType::kF32: return 1;
    case DType::kU8: return 2;
    case DType::kI32: return 6;
    case DType::kI64: return 7;
    case DType::kF16: return 10;
    case DType::kF64: return 11;
    case DType::kBF16: return 16;
  }
  return 0;
}

void write_onnx_file(const std::filesystem::path& path, const OnnxGraph& graph,
                     const WeightSource& weights, uint64_t most_inside) {
  uint64_t total = 0;
  for (const auto& [name, info] : weights.tensors()) total += size_of_tensor(info);
  const std::string bytes = graph_bytes(graph);
  if (total <= most_inside) return write_inside(path, bytes, weights);
  const std::string initializers =
      write_outside(path.string() + "_data", weights, total + kPage * weights.tensors().size());
  write_file_atomically(path, model_head() + bytes_field(7, bytes + initializers));
}

}  // namespace albert
