// Model folders as files: shards against their index, and what saving writes.
#include "albert/engine/weights/model_folder.h"
#include "albert/engine/weights/weight_source.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";

TensorFile one(const std::string& name) {
  TensorFile file;
  file.tensors[name] = HostTensor::of<float>({2}, {1, 2});
  return file;
}

// Tensor "a" in the first shard, "b" in the second, and an index with this weight_map.
class Shards : public ::testing::Test {
 protected:
  Shards() {
    write_safetensors(folder_ / kFirst, one("a"));
    write_safetensors(folder_ / kSecond, one("b"));
  }
  void index(const std::string& text) {
    write_bytes(folder_ / "model.safetensors.index.json", text);
  }
  Refusal refusal() {
    return refusal_of([&] { open_weights(folder_.path()); });
  }
  static std::string map(const std::string& a, const std::string& b) {
    return R"({"metadata": {"total_size": 16}, "weight_map": {"a": ")" + a + R"(", "b": ")" + b +
           "\"}}";
  }
  const TemporaryFolder folder_;
};

TEST_F(Shards, AreJoined) {
  index(map(kFirst, kSecond));
  const auto weights = open_weights(folder_.path());
  EXPECT_EQ(weights->tensors().size(), 2U);
  EXPECT_EQ(weights->tensors().at("b").shape, std::vector<int64_t>{2});
  EXPECT_EQ(weights->tensor("b").at<float>(1), 2);
  EXPECT_EQ(weights->name(), folder_.path().string());
  EXPECT_NO_THROW(weights->check_unchanged());
}

TEST_F(Shards, ATensorInAnotherShardThanTheIndexSays) {
  index(map(kSecond, kFirst));
  EXPECT_TRUE(refusal().says("holds tensor \"a\", which model.safetensors.index.json places in"))
      << refusal().what;
}

TEST_F(Shards, ATensorThatTheIndexDoesNotName) {
  TensorFile file = one("a");
  file.tensors["c"] = HostTensor(DType::kF32, {1});
  write_safetensors(folder_ / kFirst, file);
  index(map(kFirst, kSecond));
  EXPECT_TRUE(
      refusal().says("holds tensor \"c\", which model.safetensors.index.json does not name"))
      << refusal().what;
}

TEST_F(Shards, ATensorThatNoShardHolds) {
  index(
      R"({"weight_map": {"a": "model-00001-of-00002.safetensors",
      "d": "model-00001-of-00002.safetensors"}})");
  const Refusal r = refusal();
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("has no tensor \"d\"")) << r.what;
}

TEST_F(Shards, NamesThatAreNoPlainFileNames) {
  for (const std::string name :
       {"../x.safetensors", "/x.safetensors", "a/b.safetensors", "..", "", ".x.safetensors",
        "x.bin", "a\\\\b.safetensors", "\\u0000.safetensors"}) {
    index(map(name, kSecond));
    EXPECT_EQ(refusal().code, ErrorCode::kBadData) << name;
  }
}

TEST_F(Shards, IndexesOfTheWrongForm) {
  for (const std::string text :
       {"[]", "{}", R"({"weight_map": []})", R"({"weight_map": {}})", R"({"weight_map": {"a": 1}})",
        R"({"weight_map": {"a": "x.safetensors", "a": "y"}})"}) {
    index(text);
    EXPECT_EQ(refusal().code, ErrorCode::kBadData) << text;
  }
}

TEST(SaveModelFolder, StatesTheDtypeOfTheWeights) {
  const TemporaryFolder folder;
  TensorFile file = one("a");
  const auto saved_config = [&](const std::string& config) {
    save_model_folder(folder / "m", config, file);
    return read_bytes(folder / "m/config.json");
  };
  EXPECT_EQ(saved_config(R"({"dtype": "bfloat16"})"), "{\n  \"dtype\": \"float32\"\n}\n");
  file.tensors["a"] = file.tensors["a"].to(DType::kBF16);
  EXPECT_EQ(saved_config(R"({"torch_dtype": "float32"})"),
            "{\n  \"torch_dtype\": \"bfloat16\"\n}\n");
  EXPECT_EQ(saved_config("{}"), "{\n  \"dtype\": \"bfloat16\"\n}\n");
  EXPECT_EQ(read_safetensors(folder / "m/model.safetensors").metadata.at("format"), "pt");
}

TEST(SaveModelFolder, AConfigThatStaysIsNotTouched) {
  const TemporaryFolder folder;
  save_model_folder(folder / "m", "{}", one("a"));
  const auto before =
      std::filesystem::last_write_time(folder / "m/config.json") - std::chrono::hours(1);
  std::filesystem::last_write_time(folder / "m/config.json", before);
  save_model_folder(folder / "m", "{}", one("b"));
  EXPECT_EQ(std::filesystem::last_write_time(folder / "m/config.json"), before);
  EXPECT_TRUE(open_weights(folder / "m")->tensors().contains("b"));
}

TEST(SaveModelFolder, AFolderInTheWayOfTheConfigStopsBothFiles) {
  const TemporaryFolder folder;
  save_model_folder(folder / "m", "{}", one("a"));
  std::filesystem::remove(folder / "m/config.json");
  std::filesystem::create_directory(folder / "m/config.json");
  EXPECT_EQ(refusal_of([&] { save_model_folder(folder / "m", "{}", one("b")); }).code,
            ErrorCode::kIo);
  EXPECT_TRUE(open_weights(folder / "m")->tensors().contains("a"));
}

TEST(WriteSafetensors, RefusesWhatTheFormatCannotHold) {
  const TemporaryFolder folder;
  const auto code = [&](const std::string& name) {
    return refusal_of([&] { write_safetensors(folder / "f", one(name)); }).code;
  };
  EXPECT_EQ(code("__metadata__"), ErrorCode::kBadData);
  EXPECT_EQ(code(""), ErrorCode::kBadData);
  EXPECT_EQ(code("caf\xe9"), ErrorCode::kBadData);
  EXPECT_EQ(code(std::string("a\0b", 3)), ErrorCode::kBadData);
  EXPECT_FALSE(std::filesystem::exists(folder / "f"));
}

}  // namespace
}  // namespace albert::testing
