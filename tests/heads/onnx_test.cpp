// The graphs that are written as ONNX: their form, and that each weight is there once.
// scripts/interop_onnx runs them.
#include <algorithm>
#include <set>

#include "albert/engine/weights/onnx_writer.h"
#include "albert/heads/formats/convert.h"
#include "albert/heads/registry.h"
#include "tests/support/models.h"
#include "tests/support/onnx_files.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFloat = 1, kInt64 = 7, kFloat16 = 10;  // TensorProto.DataType
const std::string kTurned = ".transposed";

AlbertConfig config_of(const std::string& architecture) {
  return architecture == "AlbertForTokenClassification" ? with_labels(5) : tiny_config();
}

// Each head's outputs under transformers' names.
const std::map<std::string, std::set<std::string>> kOutputs{
    {"AlbertModel", {"last_hidden_state", "pooler_output"}},
    {"AlbertForPreTraining", {"prediction_logits", "sop_logits"}},
    {"AlbertForMaskedLM", {"logits"}},
    {"AlbertForSequenceClassification", {"logits"}},
    {"AlbertForMultipleChoice", {"logits"}},
    {"AlbertForTokenClassification", {"logits"}},
    {"AlbertForQuestionAnswering", {"start_logits", "end_logits"}},
    {"AlbertForQuestionAnsweringBeamSearch",
     {"start_top_log_probs", "start_top_index", "end_top_log_probs", "end_top_index",
      "cls_logits"}}};

class Onnx : public ::testing::Test {
 protected:
  // Writes a random model of this architecture; its weights are those of `file`.
  TensorFile make(const std::string& architecture, const AlbertConfig& config) const {
    return visit_head(architecture, [&](auto type) {
      auto head = decltype(type)::type::from_config(config, {.backend = {.threads = 1}});
      randomize(head, 5);
      head.save_pretrained(folder_ / "in");
      return head.state_dict();
    });
  }
  OnnxFile convert(const ModelChoice& choice = {}) const {
    convert_model(folder_ / "in", folder_ / "out", "onnx", {.choice = choice});
    return OnnxFile(folder_ / "out/model.onnx");
  }
  const TemporaryFolder folder_;
};

class OnnxHead : public Onnx, public ::testing::WithParamInterface<std::string> {};

std::string name_of_case(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(Heads, OnnxHead, ::testing::ValuesIn(architectures()), name_of_case);

// Names that nodes read before anything gives them a value, or that get two.
std::vector<std::string> broken_names(const OnnxFile& file) {
  std::set<std::string> known(file.inputs.begin(), file.inputs.end()), nodes;
  std::vector<std::string> broken;
  for (const auto& [name, tensor] : file.initializers)
    if (!known.insert(name).second) broken.push_back(name);
  for (const OnnxFileNode& node : file.nodes) {
    if (!nodes.insert(node.name).second) broken.push_back(node.name);
    for (const auto& input : node.inputs)
      if (!known.contains(input)) broken.push_back(input);
    for (const auto& output : node.outputs)
      if (!known.insert(output).second) broken.push_back(output);
  }
  for (const auto& [output, type] : file.outputs)
    if (!known.contains(output)) broken.push_back(output);
  return broken;
}

TEST_P(OnnxHead, EveryValueIsGivenOnceBeforeItIsRead) {
  make(GetParam(), config_of(GetParam()));
  const OnnxFile file = convert();
  EXPECT_EQ(file.ir_version, 8);
  EXPECT_EQ(file.opset, 17);
  EXPECT_EQ(broken_names(file), std::vector<std::string>{});
  EXPECT_EQ(file.inputs,
            (std::vector<std::string>{"input_ids", "attention_mask", "token_type_ids"}));
  std::set<std::string> outputs, read;
  for (const auto& [name, type] : file.outputs) {
    outputs.insert(name);
    EXPECT_EQ(type, name.ends_with("_index") ? kInt64 : kFloat) << name;
  }
  EXPECT_EQ(outputs, kOutputs.at(GetParam()));
  for (const OnnxFileNode& node : file.nodes) read.insert(node.inputs.begin(), node.inputs.end());
  for (const auto& [name, tensor] : file.initializers) EXPECT_TRUE(read.contains(name)) << name;
}

HostTensor turned(const HostTensor& matrix) {
  HostTensor result(DType::kF32, {matrix.dim(1), matrix.dim(0)});
  for (int64_t i = 0; i < matrix.dim(0); ++i)
    for (int64_t j = 0; j < matrix.dim(1); ++j)
      result.data<float>()[j * matrix.dim(0) + i] = matrix.at<float>(i * matrix.dim(1) + j);
  return result;
}

std::string bytes_of(const HostTensor& tensor) {
  return {static_cast<const char*>(tensor.raw()), tensor.bytes()};
}

TEST_P(OnnxHead, EveryWeightIsStoredOnceBitForBit) {
  const TensorFile weights = make(GetParam(), config_of(GetParam()));
  const OnnxFile file = convert();
  for (const auto& [name, values] : weights.tensors) {
    const bool is_turned = file.initializers.contains(name + kTurned);
    ASSERT_NE(is_turned, file.initializers.contains(name)) << name;
    const HostTensor expected = is_turned ? turned(values) : values;
    const OnnxTensor& stored = file.initializers.at(is_turned ? name + kTurned : name);
    EXPECT_EQ(stored.type, kFloat);
    EXPECT_EQ(stored.shape, expected.shape()) << name;
    EXPECT_EQ(stored.bytes, bytes_of(expected)) << name;
  }
  int64_t others = 0;
  for (const auto& [name, tensor] : file.initializers)
    if (!weights.tensors.contains(name) && !name.ends_with(kTurned)) others += tensor.elements();
  EXPECT_LE(others, 60) << "of numbers and shapes";
}

// How many nodes read the query's weight of each layer, by the layer's name.
std::map<std::string, int> readers_of_queries(const OnnxFile& file) {
  std::map<std::string, int> readers;
  for (const OnnxFileNode& node : file.nodes)
    for (const auto& input : node.inputs)
      if (const size_t at = input.find(".attention.query.weight"); at != std::string::npos)
        ++readers[input.substr(input.find("groups."), at - input.find("groups."))];
  return readers;
}

TEST_F(Onnx, EachApplicationReadsTheLayerOfItsGroup) {
  make("AlbertModel", tiny_config());  // groups 0, 0 and 1 of two layers each
  EXPECT_EQ(readers_of_queries(convert()),
            (std::map<std::string, int>{{"groups.0.albert_layers.0", 2},
                                        {"groups.0.albert_layers.1", 2},
                                        {"groups.1.albert_layers.0", 1},
                                        {"groups.1.albert_layers.1", 1}}));
}

TEST_F(Onnx, TheFileIsAsLargeAsTheParameters) {
  AlbertConfig config = tiny_config();
  config.vocab_size = 2000;
  config.embedding_size = 64;
  config.hidden_size = config.intermediate_size = 256;
  config.num_attention_heads = 4;
  config.num_hidden_layers = 12;
  config.num_hidden_groups = config.inner_group_num = 1;
  make("AlbertForPreTraining", config);
  const Conversion done = convert_model(folder_ / "in", folder_ / "out", "onnx");
  const auto bytes = static_cast<double>(fs::file_size(folder_ / "out/model.onnx"));
  EXPECT_LE(bytes, 1.05 * 4 * static_cast<double>(done.parameters));
}

TEST_F(Onnx, AModelWithoutAPoolerAndAnUntiedHeadHaveWhatTheyNeed) {
  make("AlbertForMaskedLM", tiny_config());
  const OnnxFile bare = convert({.head = "model"});
  EXPECT_EQ(bare.outputs.size(), 1U);
  EXPECT_TRUE(bare.outputs.contains("last_hidden_state"));
  fs::remove_all(folder_ / "out");
  AlbertConfig untied = tiny_config();
  untied.tie_word_embeddings = false;
  make("AlbertForMaskedLM", untied);
  const OnnxFile file = convert();
  EXPECT_TRUE(file.initializers.contains("predictions.decoder.weight" + kTurned));
  EXPECT_TRUE(file.initializers.contains("predictions.decoder.bias"));
  EXPECT_EQ(broken_names(file), std::vector<std::string>{});
}

TEST_P(OnnxHead, InF16EveryFloatIs) {
  make(GetParam(), config_of(GetParam()));
  const OnnxFile file = convert({.dtype = DType::kF16});
  for (const auto& [name, tensor] : file.initializers)
    EXPECT_TRUE(tensor.type == kFloat16 || tensor.type == kInt64) << name << " " << tensor.type;
  for (const auto& [name, type] : file.outputs)
    EXPECT_EQ(type, name.ends_with("_index") ? kInt64 : kFloat16) << name;
}

TEST_F(Onnx, TypesThatCannotBeComputedAreRefusedByName) {
  TensorFile weights = make("AlbertForMaskedLM", tiny_config());
  EXPECT_TRUE(refusal_of([&] {
                convert({.dtype = DType::kBF16});
              }).says("found bf16, wanted one of f32, f16"));
  auto& bias = weights.tensors.at("predictions.bias");
  bias = bias.to(DType::kF16);
  write_safetensors(folder_ / "in/model.safetensors", weights);
  const Refusal mixed = refusal_of([&] { convert(); });
  EXPECT_EQ(mixed.code, ErrorCode::kMismatch);
  EXPECT_TRUE(mixed.says("\"predictions.bias\": found f16 where")) << mixed.what;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_EQ(convert({.dtype = DType::kF32}).initializers.at("predictions.bias").type, kFloat);
}

TEST_F(Onnx, WhatTheConfigAsksForAndTheGraphLacksIsSaid) {
  AlbertConfig config = tiny_config();
  config.output_attentions = true;
  make("AlbertModel", config);
  const auto notes = convert_model(folder_ / "in", folder_ / "out", "onnx").notes;
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
    return note.find("are no outputs of the graph") != std::string::npos;
  }));
}

// A message cannot hold 2 GiB; the bound is lowered here.
TEST_F(Onnx, LargeWeightsStandInAFileOfTheirOwn) {
  const TensorFile weights = make("AlbertModel", tiny_config());
  std::vector<std::string> notes;
  const ModelToWrite model = open_model(folder_ / "in", {}, notes);
  OnnxGraph graph;
  graph.name = "x";
  const uint64_t bytes = 4 * static_cast<uint64_t>(model.parameters());
  write_onnx_file(folder_ / "whole.onnx", graph, *model.weights, bytes);
  EXPECT_FALSE(fs::exists(folder_ / "whole.onnx_data"));
  write_onnx_file(folder_ / "x.onnx", graph, *model.weights, bytes - 1);
  const std::string data = read_bytes(folder_ / "x.onnx_data");
  const OnnxFile file(folder_ / "x.onnx");
  ASSERT_EQ(file.initializers.size(), weights.tensors.size());
  for (const auto& [name, tensor] : file.initializers) {
    EXPECT_TRUE(tensor.is_external && tensor.bytes.empty()) << name;
    EXPECT_EQ(tensor.external.at("location"), "x.onnx_data");
    const uint64_t offset = std::stoull(tensor.external.at("offset")),
                   length = std::stoull(tensor.external.at("length"));
    EXPECT_EQ(offset % 4096, 0U);
    EXPECT_EQ(data.substr(offset, length), bytes_of(weights.tensors.at(name))) << name;
  }
}

}  // namespace
}  // namespace albert::testing
