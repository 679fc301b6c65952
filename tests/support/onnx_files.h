#pragma once
// Reads ONNX files for tests: what onnx.proto says of the messages that albert writes.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "albert/engine/weights/tf_table.h"
#include "tests/support/files.h"

namespace albert::testing {

// The fields of a protobuf message by number: numbers, and bytes.
struct ProtobufMessage {
  explicit ProtobufMessage(std::string_view bytes) {
    ByteReader reader("message", std::as_bytes(std::span(bytes)));
    while (reader.remaining() > 0) {
      const uint64_t tag = read_varint(reader, "a field");
      const auto field = static_cast<int>(tag >> 3);
      if ((tag & 7) == 0)
        numbers[field].push_back(static_cast<int64_t>(read_varint(reader, "a number")));
      else if ((tag & 7) == 5)
        numbers[field].push_back(reader.u32("a float"));
      else
        texts[field].emplace_back(reader.text(read_varint(reader, "a length"), "bytes"));
    }
  }
  std::string text(int field) const { return texts.contains(field) ? texts.at(field)[0] : ""; }
  int64_t number(int field) const { return numbers.contains(field) ? numbers.at(field)[0] : 0; }
  std::vector<std::string> all(int field) const {
    return texts.contains(field) ? texts.at(field) : std::vector<std::string>{};
  }

  std::map<int, std::vector<int64_t>> numbers;
  std::map<int, std::vector<std::string>> texts;
};

struct OnnxTensor {
  explicit OnnxTensor(const ProtobufMessage& message)
      : type(message.number(2)), bytes(message.text(9)), is_external(message.number(14) == 1) {
    if (message.numbers.contains(1)) shape = message.numbers.at(1);
    for (const auto& entry : message.all(13)) {
      const ProtobufMessage pair(entry);
      external[pair.text(1)] = pair.text(2);
    }
  }
  int64_t type;
  std::vector<int64_t> shape;
  std::string bytes;
  bool is_external;
  std::map<std::string, std::string> external;
  int64_t elements() const {
    int64_t count = 1;
    for (const int64_t dim : shape) count *= dim;
    return count;
  }
};

struct OnnxFileNode {
  std::string name, type;
  std::vector<std::string> inputs, outputs;
};

struct OnnxFile {
  explicit OnnxFile(const std::filesystem::path& path) {
    const ProtobufMessage model(read_bytes(path));
    ir_version = model.number(1);
    opset = ProtobufMessage(model.text(8)).number(2);
    const ProtobufMessage graph(model.text(7));
    for (const auto& node : graph.all(1)) {
      const ProtobufMessage m(node);
      nodes.push_back({m.text(3), m.text(4), m.all(1), m.all(2)});
    }
    for (const auto& tensor : graph.all(5)) {
      const ProtobufMessage m(tensor);
      EXPECT_TRUE(initializers.emplace(m.text(8), OnnxTensor(m)).second) << m.text(8) << " twice";
    }
    for (const auto& input : graph.all(11)) inputs.push_back(ProtobufMessage(input).text(1));
    for (const auto& output : graph.all(12)) {
      const ProtobufMessage m(output), type(m.text(2)), tensor(type.text(1));
      outputs.emplace(m.text(1), tensor.number(1));
    }
  }

  int64_t ir_version = 0, opset = 0;
  std::vector<OnnxFileNode> nodes;
  std::map<std::string, OnnxTensor> initializers;
  std::vector<std::string> inputs;
  std::map<std::string, int64_t> outputs;  // element types
};

}  // namespace albert::testing
