// Folders that real people have, through the program: which command runs, starts or refuses what.
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/cli/program.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kGolden = std::string(ALBERT_GOLDEN_DIR) + "/shared/";
const std::string kVocabulary = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

struct Outcome {
  int code;
  std::string out, err;
  bool says(const std::string& text) const { return err.find(text) != std::string::npos; }
};

Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = apps::run_program(arguments, out, err);
  return {code, out.str(), err.str()};
}

AlbertConfig small_config() {
  AlbertConfig c = tiny_config();
  c.vocab_size = 30000;
  return c;
}

class Folders : public ::testing::Test {
 protected:
  template <class Head>
  std::string saved(const std::string& name) const {
    const fs::path path = folder_ / name;
    Head::from_config(small_config(), {.backend = {.threads = 1}}).save_pretrained(path);
    fs::copy_file(kVocabulary, path / "spiece.model");
    return path;
  }
  // Changes one key of a folder's config.json.
  static void set(const fs::path& folder, const std::string& key, const json& value) {
    json config = json::parse(read_bytes(folder / "config.json"));
    config[key] = value;
    write_bytes(folder / "config.json", config.dump());
  }
  Outcome predict(const std::string& model, const std::vector<std::string>& more = {}) const {
    write_bytes(folder_ / "a.txt", "a fine film\n");
    std::vector<std::string> arguments = {"predict", "--model", model, "--input",
                                          folder_ / "a.txt"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Outcome finetune(const std::string& model, const std::vector<std::string>& more = {}) const {
    write_bytes(folder_ / "a.tsv", "text\tlabel\nabc\tx\nbcd\ty\n");
    std::vector<std::string> arguments = {"finetune",
                                          "--task",
                                          "classify",
                                          "--model_name_or_path",
                                          model,
                                          "--train_file",
                                          folder_ / "a.tsv",
                                          "--validation_file",
                                          folder_ / "a.tsv",
                                          "--output_dir",
                                          folder_ / "out",
                                          "--max_steps",
                                          "1",
                                          "--overwrite_output_dir"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  const TemporaryFolder folder_;
};

TEST_F(Folders, AMaskedLmIsFineTunedWithANote) {
  const std::string mlm = saved<AlbertForMaskedLM>("mlm");
  const Outcome r = finetune(mlm);
  EXPECT_EQ(r.code, 0) << r.err;
  for (const char* name : {"albert.pooler.weight [15, 15]", "albert.pooler.bias [15]",
                           "classifier.weight [2, 15]", "classifier.bias [2]"})
    EXPECT_TRUE(r.says(std::string("note: new, starts at random: ") + name + "\n")) << r.err;
  EXPECT_EQ(predict(folder_ / "out").code, 0);
}

TEST_F(Folders, PredictWantsATrainedClassifier) {
  for (const std::string& model :
       {saved<AlbertForMaskedLM>("mlm"), saved<AlbertForPreTraining>("pretraining"),
        saved<AlbertModel>("bare")}) {
    const Outcome other = predict(model);
    EXPECT_EQ(other.code, 78) << other.err;
    EXPECT_TRUE(other.says("wanted one of AlbertForSequenceClassification")) << other.err;
    set(model, "architectures", json::array({"AlbertForSequenceClassification"}));
    const Outcome r = predict(model);
    EXPECT_EQ(r.code, 78) << r.err;
    EXPECT_TRUE(
        r.says("classifier.weight [2, 15], classifier.bias [2], wanted a trained "
               "AlbertForSequenceClassification"))
        << r.err;
  }
}

TEST_F(Folders, WithoutAnEncoderNothingIsFineTuned) {
  const fs::path mlm = saved<AlbertForMaskedLM>("mlm");
  TensorFile file = read_safetensors(mlm / "model.safetensors");
  file.tensors.erase("albert.encoder.embedding_hidden_mapping_in.bias");
  write_safetensors(mlm / "model.safetensors", file);
  const Outcome r = finetune(mlm);
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("found no tensor albert.encoder.embedding_hidden_mapping_in.bias [15]"))
      << r.err;
}

TEST_F(Folders, LabelNamesThatAreNumbersArePredicted) {
  const std::string model = saved<AlbertForSequenceClassification>("intlab");
  set(model, "id2label", {{"0", 0}, {"1", 1}});
  set(model, "label2id", {{"0", 0}, {"1", 1}});
  const Outcome r = predict(model);
  ASSERT_EQ(r.code, 0) << r.err;
  const json line = json::parse(r.out);
  EXPECT_TRUE(line.at("label") == "0" || line.at("label") == "1") << line;
  EXPECT_EQ(line.at("probabilities").size(), 2U);
}

// As transformers saves a model made with add_pooling_layer=False.
TEST_F(Folders, AModelWithoutAPoolerGivesTransformersHiddenStates) {
  const fs::path model = folder_ / "model";
  fs::create_directory(model);
  fs::copy_file(kGolden + "model/config.json", model / "config.json");
  TensorFile weights = read_safetensors(kGolden + "model/model.safetensors");
  EXPECT_EQ(weights.tensors.erase("pooler.weight") + weights.tensors.erase("pooler.bias"), 2U);
  write_safetensors(model / "model.safetensors", weights);
  const TensorFile golden = read_safetensors(kGolden + "model.safetensors");
  TensorFile in;
  for (const auto& [name, tensor] : golden.tensors)
    if (name.starts_with("in.") && !name.starts_with("in.upstream")) in.tensors[name] = tensor;
  write_safetensors(folder_ / "in.safetensors", in);
  const Outcome r =
      run({"forward", "--model", model, "--head", "model", "--input", folder_ / "in.safetensors",
           "--output", folder_ / "out.safetensors", "--precision", "f64"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("the model has no pooler, so out.pooler_output is left out")) << r.err;
  const TensorFile out = read_safetensors(folder_ / "out.safetensors");
  EXPECT_FALSE(out.tensors.contains("out.pooler_output"));
  const auto actual = doubles(out.tensors.at("out.last_hidden_state")),
             expected = doubles(golden.tensors.at("out.last_hidden_state"));
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-6) << i;
}

TEST_F(Folders, InfoTellsHowWeightsDifferFromTheArchitecture) {
  const std::string mlm = saved<AlbertForMaskedLM>("mlm");
  const auto info = [&](const std::string& architecture) {
    const Outcome r = run({"info", mlm, "--architecture", architecture, "--json"});
    EXPECT_EQ(r.code, 0) << r.err;
    return json::parse(r.out);
  };
  const json bare = info("AlbertModel");
  EXPECT_EQ(bare.at("parameters").at("pooler"), 0);
  EXPECT_EQ(bare.at("files").at("missing"), json::array());
  EXPECT_EQ(bare.at("files").at("not_used").size(), 5U);  // the masked-LM's head
  EXPECT_EQ(info("AlbertForSequenceClassification").at("files").at("missing").size(), 4U);
  set(mlm, "vocab_size", 30001);
  const Outcome text = run({"info", mlm});
  EXPECT_NE(text.out.find("does not fit: albert.embeddings.word_embeddings.weight: found "
                          "[30000, 6] f32, wanted [30001, 6], as vocab_size is 30001"),
            std::string::npos)
      << text.out;
}

TEST_F(Folders, InfoPlansWithoutWeightsThatItReads) {
  const fs::path model = saved<AlbertForSequenceClassification>("classifier");
  fs::rename(model / "model.safetensors", model / "flax_model.msgpack");
  const Outcome r = run({"info", model, "--json"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(json::parse(r.out).at("files").is_null());
  EXPECT_TRUE(r.says("flax_model.msgpack: weights that this version does not read")) << r.err;
  EXPECT_EQ(predict(model).code, 66);
}

TEST_F(Folders, OfSeveralModelsInAFileThePrefixChooses) {
  const fs::path one = saved<AlbertForSequenceClassification>("one"),
                 model = saved<AlbertForSequenceClassification>("several");
  TensorFile both;
  for (const auto& [name, tensor] : read_safetensors(one / "model.safetensors").tensors) {
    both.tensors["teacher." + name] = tensor;
    both.tensors["student." + name] = HostTensor(tensor.dtype(), tensor.shape());
  }
  write_safetensors(model / "model.safetensors", both);
  const std::vector<std::string> prefix = {"--prefix", "teacher"};
  for (const Outcome& r : {predict(model), finetune(model), run({"info", model})}) {
    EXPECT_EQ(r.code, 65);
    EXPECT_TRUE(r.says(": found models under student., teacher., wanted one; choose")) << r.err;
  }
  EXPECT_EQ(predict(model, prefix).out, predict(one).out);
  EXPECT_EQ(finetune(model, prefix).code, 0);
  const Outcome r = run({"info", model, "--prefix", "teacher."});
  EXPECT_TRUE(r.says("note: ") && r.says(": found the model's tensors under teacher.; ")) << r.err;
  EXPECT_EQ(r.out.find("missing: "), std::string::npos) << r.out;
  EXPECT_EQ(predict(model, {"--prefix", "ema"}).code, 2);
}

TEST_F(Folders, GooglesConfigDescribesAFolderEverywhere) {
  const fs::path mlm = saved<AlbertForMaskedLM>("mlm");
  fs::rename(mlm / "config.json", mlm / "albert_config.json");
  EXPECT_EQ(run({"info", mlm}).code, 0);
  EXPECT_EQ(finetune(mlm).code, 0);
  EXPECT_EQ(finetune("", {"--config_name", mlm, "--tokenizer_name", kVocabulary}).code, 0);
  fs::remove(mlm / "albert_config.json");
  const Outcome r = run({"info", mlm});
  EXPECT_EQ(r.code, 66);
  EXPECT_TRUE(r.says("found no model, wanted config.json or albert_config.json")) << r.err;
}

TEST_F(Folders, ConvertWritesOnnxBesideItsTokenizerAndDoesNotVerifyWhatItCannotRun) {
  const fs::path model = saved<AlbertForSequenceClassification>("in"), made = folder_ / "onnx";
  const Outcome r = run({"convert", model, made, "--to", "onnx", "--verify"});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("--verify: found --to onnx, which this program writes and does not run"));
  EXPECT_FALSE(fs::exists(made));
  EXPECT_EQ(run({"convert", model, made, "--to", "onnx"}).code, 0);
  for (const std::string file : {"model.onnx", "config.json", "spiece.model", "README.md"})
    EXPECT_TRUE(fs::exists(made / file)) << file;
}

}  // namespace
}  // namespace albert::testing
