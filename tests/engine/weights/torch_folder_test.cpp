// Which files of a folder are read, and a model within other dictionaries and models.
#include "albert/engine/weights/model_prefix.h"
#include "albert/engine/weights/safetensors.h"
#include "tests/support/files.h"
#include "tests/support/torch_files.h"

namespace albert::testing {
namespace {

using namespace pickle;

constexpr const char* kWords = "embeddings.word_embeddings.weight";
constexpr const char* kLayer = "encoder.albert_layer_groups.0.albert_layers.0.ffn.bias";

std::string one(float value, const std::vector<std::string>& names) {
  std::string all = "}(";
  for (const std::string& name : names) all += text(name) + tensor(storage("0", 1), 0, {1}, {1});
  return torch_archive(all + "u", {{"0", bytes_of(std::vector<float>{value})}});
}

class TorchFolder : public ::testing::Test {
 protected:
  float value(const std::string& name = "a") {
    return open_weights(folder_.path())->tensor(name).at<float>(0);
  }
  const TemporaryFolder folder_;
};

TEST_F(TorchFolder, SafetensorsComeFirstThenBinThenTheOnlyFile) {
  write_bytes(folder_ / "optimizer.pt", "state");
  write_bytes(folder_ / "rng_state.pth", "state");
  EXPECT_TRUE(
      refusal_of([&] { open_weights(folder_.path()); }).says("found no weights, wanted one of "));
  for (const std::string name : {"x.pt", "x.pth", "x.t7"}) {
    write_bytes(folder_ / name, one(1, {"a"}));
    EXPECT_EQ(find_weights(folder_.path()).file, folder_ / name);
    EXPECT_EQ(value(), 1);
    std::filesystem::remove(folder_ / name);
  }
  write_bytes(folder_ / "x.pt", one(1, {"a"}));
  write_bytes(folder_ / "y.pth", one(2, {"a"}));
  const Refusal r = refusal_of([&] { open_weights(folder_.path()); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says(": found x.pt, y.pth, wanted one file of weights")) << r.what;
  write_bytes(folder_ / "pytorch_model.bin", one(3, {"a"}));
  EXPECT_EQ(value(), 3);
  TensorFile file;
  file.tensors["a"] = HostTensor::of<float>({1}, {4});
  write_safetensors(folder_ / "model.safetensors", file);
  EXPECT_EQ(value(), 4);
}

TEST_F(TorchFolder, ShardsWithAnIndex) {
  write_bytes(folder_ / "pytorch_model-00001-of-00002.bin", one(1, {"a"}));
  write_bytes(folder_ / "pytorch_model-00002-of-00002.bin", one(2, {"b"}));
  write_bytes(folder_ / "pytorch_model.bin.index.json",
              R"({"weight_map": {"a": "pytorch_model-00001-of-00002.bin",
                                 "b": "pytorch_model-00002-of-00002.bin"}})");
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(value("b"), 2);
}

TEST_F(TorchFolder, AModelUnderAPrefixIsFoundAndSaid) {
  for (const std::string prefix :
       {"module.", "net.module.encoder.", "state_dict.", "encoder.bert."})
    for (const std::string own : {"", "albert."}) {
      write_bytes(folder_ / "pytorch_model.bin",
                  one(5, {prefix + own + kWords, prefix + own + kLayer, prefix + "classifier.bias",
                          "optimizer.state.0.exp_avg"}));
      const auto weights = open_weights(folder_.path());
      EXPECT_EQ(weights->tensors().size(), 3U);
      EXPECT_EQ(weights->tensor("classifier.bias").at<float>(0), 5);
      EXPECT_TRUE(weights->tensors().contains(own + kWords));
      ASSERT_EQ(weights->notes().size(), 1U);
      EXPECT_EQ(weights->notes()[0], (folder_ / "pytorch_model.bin").string() +
                                         ": found the model's tensors under " + prefix +
                                         "; 1 other tensors are not read");
    }
}

TEST_F(TorchFolder, OwnNamesStayAsTheyAre) {
  for (const std::string own : {"", "albert."}) {
    write_bytes(folder_ / "pytorch_model.bin",
                one(5, {own + kWords, own + kLayer, std::string("teacher.") + kWords,
                        std::string("teacher.") + kLayer}));
    const auto weights = open_weights(folder_.path());
    EXPECT_EQ(weights->tensors().size(), 4U);
    EXPECT_TRUE(weights->notes().empty());
  }
}

TEST_F(TorchFolder, SeveralModelsAreRefusedByTheirPrefixes) {
  write_bytes(
      folder_ / "pytorch_model.bin",
      one(5, {std::string("ema.") + kWords, std::string("ema.") + kLayer,
              std::string("model.albert.") + kWords, std::string("model.albert.") + kLayer}));
  const Refusal r = refusal_of([&] { open_weights(folder_.path()); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says(": found models under ema., model., wanted one; choose it with --prefix"))
      << r.what;
}

TEST_F(TorchFolder, APrefixChoosesAmongModels) {
  const std::string own = "albert.", teacher = "teacher.";
  write_bytes(folder_ / "pytorch_model.bin", one(5, {own + kWords, own + kLayer, teacher + kWords,
                                                     teacher + kLayer, "teachers.bias"}));
  for (const std::string prefix : {"teacher.", "teacher"}) {
    const auto weights = open_weights(folder_.path(), prefix);
    EXPECT_EQ(weights->tensors().size(), 2U);
    EXPECT_TRUE(weights->tensors().contains(kWords));
    EXPECT_TRUE(weights->notes().at(0).ends_with("under teacher.; 3 other tensors are not read"));
  }
  const Refusal r = refusal_of([&] { open_weights(folder_.path(), "module"); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("--prefix module: ") &&
              r.says("has no model under it, but under no prefix, teacher."))
      << r.what;
}

}  // namespace
}  // namespace albert::testing
