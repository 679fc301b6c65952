// Models in TensorFlow's checkpoints under Google's names.
#include "albert/engine/weights/tf_checkpoint.h"

#include <regex>

#include "albert/engine/weights/google_names.h"
#include "tests/support/files.h"
#include "tests/support/models.h"
#include "tests/support/tf_v1_files.h"
#include "tests/support/weight_files.h"

namespace albert::testing {
namespace {

constexpr const char* kLayer = "bert/encoder/transformer/group_1/inner_group_0/";

// The variable of Google's that a parameter of ours comes from, found by other means than the
// reader's: rules from docs/albert.md 6.1 and 6.2, the first that matches.
std::string variable_of(const std::string& parameter) {
  static const std::vector<std::pair<std::regex, std::string>> kRules = [] {
    const std::string layer =
                          R"(albert\.encoder\.albert_layer_groups\.(\d+)\.albert_layers\.(\d+)\.)",
                      in = "bert/encoder/transformer/group_$1/inner_group_$2/";
    std::vector<std::pair<std::regex, std::string>> rules;
    const auto rule = [&](const std::string& from, const std::string& to) {
      rules.emplace_back(std::regex(from), to);
    };
    rule(layer + R"(full_layer_layer_norm\.weight)", in + "LayerNorm_1/gamma");
    rule(layer + R"(full_layer_layer_norm\.bias)", in + "LayerNorm_1/beta");
    rule(layer + R"(attention\.LayerNorm\.weight)", in + "LayerNorm/gamma");
    rule(layer + R"(attention\.LayerNorm\.bias)", in + "LayerNorm/beta");
    rule(layer + R"(attention\.dense\.(weight|bias))", in + "attention_1/output/dense/$3");
    rule(layer + R"(attention\.(query|key|value)\.(weight|bias))", in + "attention_1/self/$3/$4");
    rule(layer + R"(ffn\.(weight|bias))", in + "ffn_1/intermediate/dense/$3");
    rule(layer + R"(ffn_output\.(weight|bias))", in + "ffn_1/intermediate/output/dense/$3");
    rule(R"(albert\.embeddings\.LayerNorm\.weight)", "bert/embeddings/LayerNorm/gamma");
    rule(R"(albert\.embeddings\.LayerNorm\.bias)", "bert/embeddings/LayerNorm/beta");
    rule(R"(albert\.embeddings\.(\w+)\.weight)", "bert/embeddings/$1");
    rule(R"(albert\.encoder\.embedding_hidden_mapping_in\.(\w+))",
         "bert/encoder/embedding_hidden_mapping_in/$1");
    rule(R"(albert\.pooler\.(\w+))", "bert/pooler/dense/$1");
    rule(R"(predictions\.bias)", "cls/predictions/output_bias");
    rule(R"(predictions\.LayerNorm\.weight)", "cls/predictions/transform/LayerNorm/gamma");
    rule(R"(predictions\.LayerNorm\.bias)", "cls/predictions/transform/LayerNorm/beta");
    rule(R"(predictions\.dense\.(\w+))", "cls/predictions/transform/dense/$1");
    rule(R"(sop_classifier\.classifier\.(\w+))", "cls/seq_relationship/output_$1");
    rule(R"(qa_outputs\.(\w+))", "cls/squad/output_$1");
    rule(R"(classifier\.(\w+))", "output_$1");
    rule(R"(end_logits\.LayerNorm\.weight)", "end_logits/LayerNorm/gamma");
    rule(R"(end_logits\.LayerNorm\.bias)", "end_logits/LayerNorm/beta");
    rule(R"((start_logits|end_logits|answer_class)\.(dense\w*)\.(\w+))", "$1/$2/$3");
    return rules;
  }();
  for (const auto& [from, to] : kRules) {
    if (!std::regex_match(parameter, from)) continue;
    const std::string name = std::regex_replace(parameter, from, to);
    if (name.ends_with("output_weight")) return name + "s";
    return std::regex_replace(name, std::regex("/weight$"), "/kernel");
  }
  ADD_FAILURE() << "no rule for " << parameter;
  return parameter;
}

HostTensor transposed(const HostTensor& t) {
  HostTensor result(t.dtype(), {t.dim(1), t.dim(0)});
  for (int64_t i = 0; i < t.dim(0); ++i)
    for (int64_t j = 0; j < t.dim(1); ++j)
      result.data<float>()[j * t.dim(0) + i] = t.at<float>(i * t.dim(1) + j);
  return result;
}

// The model's tensors as variables of Google's, each in one of two data files.
Bundle bundle_of(const TensorFile& model, const std::string& prefix = "",
                 DType dtype = DType::kF32) {
  Bundle bundle(2);
  size_t shard = 0;
  for (const auto& [name, tensor] : model.tensors) {
    const std::string variable = variable_of(name);
    const HostTensor values = variable.ends_with("/kernel") ? transposed(tensor) : tensor;
    bundle.put(prefix + variable, values.to(dtype), shard++ % 2);
  }
  return bundle;
}

template <class Head>
class TfCheckpointOf : public ::testing::Test {};
using Heads =
    ::testing::Types<AlbertForPreTraining, AlbertForMaskedLM, AlbertForSequenceClassification,
                     AlbertForMultipleChoice, AlbertForTokenClassification,
                     AlbertForQuestionAnswering, AlbertForQuestionAnsweringBeamSearch>;
TYPED_TEST_SUITE(TfCheckpointOf, Heads);

TYPED_TEST(TfCheckpointOf, LoadsBitForBit) {
  expect_loads_bit_for_bit<TypeParam>([](const TensorFile& weights, const auto& folder) {
    bundle_of(weights).write(folder / "model.ckpt-best", {200, 4, true});
  });
}

class TfCheckpoint : public ::testing::Test {
 protected:
  TfCheckpoint() : model_(AlbertForMaskedLM::from_config(tiny_config(), {.seed = 3})) {
    std::filesystem::create_directory(folder_ / "m");
    write_bytes(folder_ / "m/albert_config.json", model_.config().to_json());
  }
  AlbertForMaskedLM loaded() const { return AlbertForMaskedLM::from_pretrained(folder_ / "m"); }
  Refusal refusal() {
    return refusal_of([&] { loaded(); });
  }
  // An index, with its data file, under that name; it holds one tensor.
  void touch(const std::string& name) const {
    Bundle bundle;
    bundle.put("a", HostTensor(DType::kF32, {1}));
    bundle.write(folder_ / "m" / name);
  }
  std::string found() const { return find_weights(folder_ / "m").file.filename(); }

  const TemporaryFolder folder_;
  const AlbertForMaskedLM model_;
};

TEST_F(TfCheckpoint, MomentsAndStepAreSkippedAndUnknownVariablesAreNoted) {
  Bundle bundle = bundle_of(model_.state_dict(), "module/");
  bundle.put("global_step", HostTensor::of<int64_t>({}, {777}));
  bundle.put("module/bert/pooler/dense/bias/adam_m", HostTensor(DType::kF32, {15}));
  bundle.put("module/bert/pooler/dense/bias/adam_v", HostTensor(DType::kF32, {15}));
  bundle.put("span_logits/dense_0/kernel", HostTensor(DType::kF32, {4, 5}));
  bundle.write(folder_ / "m/model.ckpt-777");
  const auto back = loaded();
  EXPECT_TRUE(same_bits(back.state_dict(), model_.state_dict()));
  EXPECT_EQ(back.load_report().unexpected,
            std::vector<std::string>{"span_logits/dense_0/kernel [5, 4]"});
}

TEST_F(TfCheckpoint, KernelsOfEverySizeAndTypeAreTurned) {
  for (const DType dtype : {DType::kF64, DType::kF32, DType::kF16, DType::kU8})
    for (const auto& [rows, cols] : {std::pair{70, 33},
                                     {32, 64},
                                     {1, 100},
                                     {100, 1},
                                     {0, 5},
                                     {40, 40},
                                     {35, 105},
                                     {144, 48}}) {
      HostTensor kernel(DType::kF32, {rows, cols});
      for (int64_t i = 0; i < kernel.size(); ++i)
        kernel.data<float>()[i] = static_cast<float>(i % 251);
      Bundle bundle;
      bundle.put("bert/pooler/dense/kernel", kernel.to(dtype));
      bundle.write(folder_ / "m/model.ckpt-best");
      const auto weights = open_weights(folder_ / "m");
      EXPECT_EQ(weights->tensors().at("albert.pooler.weight").shape,
                (std::vector<int64_t>{cols, rows}));
      EXPECT_EQ(doubles(weights->tensor("albert.pooler.weight")), doubles(transposed(kernel)))
          << rows << " x " << cols << ' ' << dtype;
    }
}

TEST_F(TfCheckpoint, NarrowTypesAreRead) {
  bundle_of(model_.state_dict(), "", DType::kBF16).write(folder_ / "m/model.ckpt-best");
  for (const auto& [name, tensor] : loaded().state_dict().tensors)
    EXPECT_EQ(doubles(tensor), doubles(model_.state_dict().tensors.at(name).to(DType::kBF16)))
        << name;
}

// The same variables as the only file of format V1, or as two.
void write_v1(const TensorFile& model, const std::filesystem::path& folder, size_t files) {
  std::vector<V1File> parts(files);
  size_t next = 0;
  for (const auto& [name, tensor] : model.tensors) {
    const std::string variable = variable_of(name);
    parts[next++ % files].put(variable,
                              variable.ends_with("/kernel") ? transposed(tensor) : tensor);
  }
  if (files == 1) return write_bytes(folder / "model.ckpt-777", parts[0].bytes({200, 4, true}));
  for (size_t i = 0; i < files; ++i)
    write_bytes(
        folder / ("model.ckpt-777-0000" + std::to_string(i) + "-of-0000" + std::to_string(files)),
        parts[i].bytes());
}

TEST_F(TfCheckpoint, FormatV1IsReadFromOneFileOrSeveral) {
  for (const size_t files : {1U, 2U}) {
    write_v1(model_.state_dict(), folder_ / "m", files);
    EXPECT_TRUE(same_bits(loaded().state_dict(), model_.state_dict()));
    write_bytes(folder_ / "m/checkpoint", "model_checkpoint_path: \"/x/model.ckpt-777\"\n");
    EXPECT_TRUE(same_bits(loaded().state_dict(), model_.state_dict()));
    std::filesystem::remove(folder_ / "m/model.ckpt-777");
    std::filesystem::remove(folder_ / "m/checkpoint");
  }
  std::filesystem::remove(folder_ / "m/model.ckpt-777-00001-of-00002");
  EXPECT_EQ(refusal().code, ErrorCode::kMissingInput);
  EXPECT_TRUE(refusal().says("model.ckpt-777-00001-of-00002: no such file")) << refusal().what;
}

TEST_F(TfCheckpoint, AFileThatIsNoTableIsNoCheckpoint) {
  write_bytes(folder_ / "m/model.ckpt-777", std::string(100, 'x'));
  EXPECT_EQ(refusal().code, ErrorCode::kMissingInput);
  EXPECT_TRUE(refusal().says("found the weights in model.ckpt-777")) << refusal().what;
}

TEST_F(TfCheckpoint, AVariableThatIsMissingIsNamedAsOurs) {
  Bundle bundle = bundle_of(model_.state_dict());
  bundle.entries.erase(std::string(kLayer) + "ffn_1/intermediate/dense/kernel");
  bundle.write(folder_ / "m/model.ckpt-best");
  EXPECT_EQ(refusal().code, ErrorCode::kMismatch);
  EXPECT_TRUE(
      refusal().says("model.ckpt-best.index: found no tensor "
                     "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.weight"))
      << refusal().what;
}

TEST_F(TfCheckpoint, TwoVariablesOfOneNameAreRefused) {
  Bundle doubled;
  doubled.put("module/output_bias", HostTensor(DType::kF32, {2}));
  doubled.put("output_bias", HostTensor(DType::kF32, {2}));
  doubled.write(folder_ / "m/model.ckpt-best");
  EXPECT_TRUE(refusal().says("found \"module/output_bias\" and \"output_bias\", wanted one"))
      << refusal().what;
}

// brightmart's name of one of Google's variables.
std::string shared_name(std::string variable) {
  const std::string inner = "bert/encoder/transformer/group_0/inner_group_0/";
  if (!variable.starts_with(inner)) return variable;
  variable.erase(0, inner.size());
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"attention_1/", "attention/"},
                                 {"ffn_1/intermediate/output/", "output/"},
                                 {"ffn_1/", ""},
                                 {"LayerNorm_1/", "output/LayerNorm/"},
                                 {"LayerNorm/", "attention/output/LayerNorm/"}})
    if (variable.starts_with(from)) {
      variable.replace(0, from.size(), to);
      break;
    }
  return "bert/encoder/layer_shared/" + variable;
}

// Words [29, 6] and their projection [6, 15], whose product is what the model's words become.
TEST_F(TfCheckpoint, BrightmartsAlbertZhIsAnAlbertOfWideEmbeddings) {
  AlbertConfig config = tiny_config();
  config.num_hidden_groups = config.inner_group_num = 1;
  config.embedding_size = config.hidden_size;
  TensorFile expected = AlbertForMaskedLM::from_config(config, {.seed = 4}).state_dict();
  HostTensor words(DType::kF32, {config.vocab_size, 6}), projection(DType::kF32, {6, 15});
  for (int64_t i = 0; i < words.size(); ++i) words.data<float>()[i] = static_cast<float>(i % 7);
  for (int64_t i = 0; i < projection.size(); ++i)
    projection.data<float>()[i] = static_cast<float>(i % 5) - 2;
  HostTensor& product = expected.tensors.at("albert.embeddings.word_embeddings.weight");
  HostTensor& mapping = expected.tensors.at("albert.encoder.embedding_hidden_mapping_in.weight");
  for (int64_t row = 0; row < config.vocab_size; ++row)
    for (int64_t col = 0; col < 15; ++col) {
      float sum = 0;
      for (int64_t k = 0; k < 6; ++k)
        sum += words.at<float>(row * 6 + k) * projection.at<float>(k * 15 + col);
      product.data<float>()[row * 15 + col] = sum;
    }
  for (int64_t i = 0; i < mapping.size(); ++i) mapping.data<float>()[i] = i % 16 == 0 ? 1 : 0;
  Bundle bundle;
  for (const auto& [name, tensor] : expected.tensors)
    if (const std::string variable = variable_of(name);
        !variable.starts_with("bert/encoder/embedding_hidden") &&
        variable != "bert/embeddings/word_embeddings")
      bundle.put(shared_name(variable),
                 variable.ends_with("/kernel") ? transposed(tensor) : tensor);
  bundle.put("bert/embeddings/word_embeddings", words);
  bundle.put("bert/embeddings/word_embeddings_2", projection);
  bundle.write(folder_ / "m/albert_model.ckpt");
  config.embedding_size = 6;  // as its config says
  std::filesystem::remove(folder_ / "m/albert_config.json");
  write_bytes(folder_ / "m/albert_config_base.json", config.to_json());
  std::vector<std::string> warnings;
  EXPECT_EQ(AlbertConfig::from_folder(folder_ / "m", &warnings).embedding_size, 15);
  EXPECT_EQ(warnings.size(), 1U);
  const auto model = loaded();
  EXPECT_TRUE(same_bits(model.state_dict(), expected));
  EXPECT_TRUE(model.load_report().unexpected.empty());
}

TEST_F(TfCheckpoint, AlbertZhOfOtherShapesOrOrderIsRefused) {
  Bundle bundle;
  bundle.put("bert/embeddings/word_embeddings", HostTensor(DType::kF32, {29, 6}));
  bundle.put("bert/embeddings/word_embeddings_2", HostTensor(DType::kF32, {7, 15}));
  bundle.write(folder_ / "m/model.ckpt-best");
  EXPECT_EQ(refusal().code, ErrorCode::kBadData);
  EXPECT_TRUE(refusal().says("found word_embeddings [29, 6] and word_embeddings_2 [7, 15] beside"))
      << refusal().what;
  write_bytes(folder_ / "m/albert_config.json", R"({"ln_type": "preln"})");
  EXPECT_TRUE(refusal().says("ln_type: found \"preln\", wanted \"postln\"")) << refusal().what;
}

// A released model's sizes, without the bytes of its word table.
TEST_F(TfCheckpoint, AModuleWithoutAConfigHasTheSizesOfAReleasedModel) {
  AlbertConfig config;
  config.vocab_size = 40;
  config.hidden_size = 768;
  config.intermediate_size = 3072;
  config.num_attention_heads = 12;
  const auto model = AlbertModel::from_config(config, {.seed = 3});
  TensorFile named;
  for (const auto& [name, tensor] : model.state_dict().tensors)
    named.tensors.emplace("albert." + name, tensor);
  std::filesystem::remove(folder_ / "m/albert_config.json");
  EXPECT_EQ(refusal().code, ErrorCode::kMissingInput);
  std::filesystem::create_directory(folder_ / "m/variables");
  bundle_of(named, "module/").write(folder_ / "m/variables/variables");
  std::vector<std::string> warnings;
  const AlbertConfig found = AlbertConfig::from_folder(folder_ / "m", &warnings);
  EXPECT_EQ(found.vocab_size, 40);
  EXPECT_EQ(found.num_hidden_layers, 12);
  EXPECT_EQ(found.num_attention_heads, 12);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings[0].find("sizes are those of ALBERT base") != std::string::npos);
  EXPECT_TRUE(
      same_bits(AlbertModel::from_pretrained(folder_ / "m").state_dict(), model.state_dict()));
  bundle_of(model_.state_dict()).write(folder_ / "m/variables/variables");
  EXPECT_TRUE(refusal().says("of no released model, wanted albert_config.json")) << refusal().what;
}

TEST_F(TfCheckpoint, OnlyExactNamesAreTranslated) {
  const std::string layer(kLayer);
  EXPECT_EQ(transformers_name(layer + "ffn_1/intermediate/dense/kernel"),
            "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.weight");
  for (const std::string& name :
       {layer + "ffn_2/intermediate/dense/kernel", layer + "LayerNorm_2/beta",
        std::string("bert/encoder/transformer/group_01/inner_group_0/LayerNorm/beta"),
        std::string("bert/encoder/transformer/group_/inner_group_0/LayerNorm/beta"),
        std::string("bert/encoder/transformer/group_0_1/inner_group_0/LayerNorm/beta"),
        std::string("bert/encoder/layer_0/output/dense/bias"), std::string("xoutput_bias")})
    EXPECT_EQ(transformers_name(name), name);
}

TEST_F(TfCheckpoint, OfSeveralTheNotedOneElseTheHighestStepIsTaken) {
  touch("model.ckpt-9");
  EXPECT_EQ(found(), "model.ckpt-9.index");
  touch("model.ckpt-1000");
  touch("model.ckpt-200");
  EXPECT_EQ(found(), "model.ckpt-1000.index");
  write_bytes(folder_ / "m/checkpoint",
              "all_model_checkpoint_paths: \"model.ckpt-9\"\n"
              "model_checkpoint_path: \"/tmp/elsewhere/model.ckpt-200\"\n");
  EXPECT_EQ(found(), "model.ckpt-200.index");
  EXPECT_TRUE(find_weights(folder_ / "m").is_read);
  EXPECT_EQ(open_weights(folder_ / "m")->tensors().size(), 1U);
  std::filesystem::remove(folder_ / "m/model.ckpt-200.index");
  Refusal r = refusal_of([&] { found(); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_TRUE(
      r.says("checkpoint: found \"model.ckpt-200\", which is not beside it, wanted one of "
             "model.ckpt-1000, model.ckpt-9"))
      << r.what;
  write_bytes(folder_ / "m/checkpoint", "nothing\n");
  EXPECT_TRUE(refusal_of([&] { found(); }).says("checkpoint: found no model_checkpoint_path:"));
}

TEST_F(TfCheckpoint, AChoiceThatCannotBeMadeIsRefused) {
  touch("model.ckpt-best");
  touch("model.ckpt-9");
  const Refusal r = refusal_of([&] { found(); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("found the checkpoints model.ckpt-9, model.ckpt-best, wanted one; name it"))
      << r.what;
}

TEST_F(TfCheckpoint, DataWithoutAnIndexAreNamedAndASavedModelsVariablesAreFound) {
  touch("model.ckpt-9");
  std::filesystem::remove(folder_ / "m/model.ckpt-9.index");
  const Refusal r = refusal_of([&] { found(); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_TRUE(r.says("model.ckpt-9.index: no such file, but model.ckpt-9.data-00000-of-00001 is"))
      << r.what;
  std::filesystem::remove(folder_ / "m/model.ckpt-9.data-00000-of-00001");
  std::filesystem::create_directory(folder_ / "m/variables");
  bundle_of(model_.state_dict()).write(folder_ / "m/variables/variables");
  EXPECT_TRUE(same_bits(loaded().state_dict(), model_.state_dict()));
}

}  // namespace
}  // namespace albert::testing
