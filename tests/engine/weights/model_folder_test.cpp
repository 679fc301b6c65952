#include "albert/engine/weights/model_folder.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

AlbertForMaskedLM tiny_model(uint64_t seed) {
  return AlbertForMaskedLM::from_config(tiny_config(), {.seed = seed, .backend = {.threads = 1}});
}

TEST(ModelFolder, AModelComesBackBitForBit) {
  const TemporaryFolder folder;
  const auto model = tiny_model(1);
  model.save_pretrained(folder / "m");
  auto back = AlbertForMaskedLM::from_pretrained(folder / "m");
  EXPECT_TRUE(same_bits(model.state_dict(), back.state_dict()));
  EXPECT_EQ(back.config().architectures, std::vector<std::string>{"AlbertForMaskedLM"});
  EXPECT_TRUE(back.load_report().warnings.empty());
  EXPECT_EQ(read_safetensors(folder / "m/model.safetensors").metadata.at("format"), "pt");
  EXPECT_FALSE(read_safetensors(folder / "m/model.safetensors")
                   .tensors.count("predictions.decoder.weight"));  // tied
}

// Writes the model's tensors as two shards with an index.
void shard(const std::filesystem::path& folder) {
  TensorFile whole = read_safetensors(folder / "model.safetensors"), parts[2];
  std::string index;
  int i = 0;
  for (auto& [name, tensor] : whole.tensors) {
    index += (index.empty() ? "" : ", ") + ('"' + name + "\": \"model-0000" +
                                            std::to_string(1 + i % 2) + "-of-00002.safetensors\"");
    parts[i++ % 2].tensors[name] = tensor;
  }
  for (int part = 0; part < 2; ++part)
    write_safetensors(folder / ("model-0000" + std::to_string(part + 1) + "-of-00002.safetensors"),
                      parts[part]);
  write_bytes(folder / "model.safetensors.index.json",
              "{\"metadata\": {}, \"weight_map\": {" + index + "}}");
  std::filesystem::remove(folder / "model.safetensors");
}

TEST(ModelFolder, ReadsShardsAndNamesAMissingOne) {
  const TemporaryFolder folder;
  const auto model = tiny_model(1);
  model.save_pretrained(folder / "m");
  shard(folder / "m");
  EXPECT_TRUE(
      same_bits(model.state_dict(), AlbertForMaskedLM::from_pretrained(folder / "m").state_dict()));
  std::filesystem::remove(folder / "m/model-00002-of-00002.safetensors");
  const Refusal r = refusal_of([&] { AlbertForMaskedLM::from_pretrained(folder / "m"); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_TRUE(r.says("model-00002-of-00002.safetensors")) << r.what;
}

TEST(ModelFolder, AnIndexMayNotLeadOutOfTheFolder) {
  const TemporaryFolder folder;
  tiny_model(1).save_pretrained(folder / "m");
  std::filesystem::rename(folder / "m/model.safetensors", folder / "outside.safetensors");
  write_bytes(folder / "m/model.safetensors.index.json",
              R"({"weight_map": {"albert.pooler.bias": "../outside.safetensors"}})");
  EXPECT_EQ(refusal_of([&] { AlbertForMaskedLM::from_pretrained(folder / "m"); }).code,
            ErrorCode::kBadData);
}

TEST(ModelFolder, UnderstandsPrefixesOldNamesCopiesAndNarrowTypes) {
  const TemporaryFolder folder;
  const auto model = tiny_model(1);
  model.save_pretrained(folder / "m");
  TensorFile file = read_safetensors(folder / "m/model.safetensors"), old;
  for (auto& [name, tensor] : file.tensors) {
    std::string renamed =
        name.rfind("albert.", 0) == 0 ? name.substr(7) : name;  // an AlbertModel's spelling
    if (const size_t at = renamed.find("LayerNorm.weight"); at != std::string::npos)
      renamed.replace(at, 16, "LayerNorm.gamma");
    if (const size_t at = renamed.find("LayerNorm.bias"); at != std::string::npos)
      renamed.replace(at, 14, "LayerNorm.beta");
    old.tensors[renamed] = tensor.to(DType::kBF16);
  }
  old.tensors["embeddings.position_ids"] = HostTensor(DType::kI64, {1, 24});
  old.tensors["predictions.decoder.weight"] = old.tensors.at("embeddings.word_embeddings.weight");
  old.tensors["predictions.decoder.bias"] = old.tensors.at("predictions.bias");
  write_safetensors(folder / "m/model.safetensors", old);
  auto back = AlbertForMaskedLM::from_pretrained(folder / "m");
  EXPECT_TRUE(back.load_report().unexpected.empty());
  for (const auto& [name, tensor] : back.state_dict().tensors)
    EXPECT_EQ(doubles(tensor), doubles(model.state_dict().tensors.at(name).to(DType::kBF16)))
        << name;
}

TEST(ModelFolder, NamesMissingAndMisshapenTensorsWithShapes) {
  const TemporaryFolder folder;
  tiny_model(1).save_pretrained(folder / "m");
  TensorFile file = read_safetensors(folder / "m/model.safetensors");
  file.tensors["extra"] = HostTensor(DType::kF32, {4, 5});
  file.tensors.erase("predictions.dense.bias");
  write_safetensors(folder / "m/model.safetensors", file);
  Refusal r = refusal_of([&] { AlbertForMaskedLM::from_pretrained(folder / "m"); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(
      r.says("found no tensor predictions.dense.bias [6], wanted a trained "
             "AlbertForMaskedLM"))
      << r.what;
  auto allowed = AlbertForMaskedLM::from_pretrained(folder / "m", {.allow_missing = true});
  EXPECT_EQ(allowed.load_report().missing, std::vector<std::string>{"predictions.dense.bias [6]"});
  EXPECT_EQ(allowed.load_report().unexpected, std::vector<std::string>{"extra [4, 5]"});
  file.tensors["predictions.dense.bias"] = HostTensor(DType::kF32, {7});
  write_safetensors(folder / "m/model.safetensors", file);
  r = refusal_of(
      [&] { AlbertForMaskedLM::from_pretrained(folder / "m", {.allow_missing = true}); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("predictions.dense.bias: found [7] f32, wanted [6]")) << r.what;
}

TEST(ModelFolder, SaysWhatWouldWorkForOtherFormats) {
  const TemporaryFolder folder;
  tiny_model(1).save_pretrained(folder / "m");
  std::string there = "model.safetensors";
  for (const std::string name :
       {"pytorch_model-00001-of-00002.bin", "pytorch_model.fp16.bin", "tf_model-00001-of-00002.h5",
        "flax_model.msgpack", "rust_model.ot", "model.ckpt-best", "model.ckpt-8000", "model.ckpt",
        "model.fp16.safetensors", "adapter_model.safetensors", "saved_model.pb", "albert.onnx",
        "albert.gguf"}) {
    std::filesystem::rename(folder / "m" / there, folder / "m" / name);
    there = name;
    const Refusal r = refusal_of([&] { AlbertForMaskedLM::from_pretrained(folder / "m"); });
    EXPECT_EQ(r.code, ErrorCode::kMissingInput);
    EXPECT_TRUE(r.says(": found the weights in " + name +
                       ", which this version does not read; wanted model.safetensors: load"))
        << r.what;
    EXPECT_EQ(find_weights(folder / "m").file, folder / "m" / name);
    EXPECT_FALSE(find_weights(folder / "m").is_read);
  }
  std::filesystem::rename(folder / "m" / there, folder / "m/training_args.bin");
  EXPECT_TRUE(refusal_of([&] {
                open_weights(folder / "m");
              }).says(": found no weights, wanted one of model.safetensors, model"));
  EXPECT_EQ(refusal_of([&] { AlbertForMaskedLM::from_pretrained(folder / "none"); }).code,
            ErrorCode::kMissingInput);
}

// In a child: no file may grow beyond `bytes`, as on a disk that is full from there on. The exit
// code tells what happened.
int save_with_limit(const std::filesystem::path& folder, rlim_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      tiny_model(2).save_pretrained(folder);
    } catch (const Error& e) {
      _exit(static_cast<int>(e.code()));
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ModelFolder, AFullDiskLeavesTheOldModel) {
  const TemporaryFolder folder;
  tiny_model(1).save_pretrained(folder / "m");
  const std::string config = read_bytes(folder / "m/config.json"),
                    weights = read_bytes(folder / "m/model.safetensors");
  for (const size_t limit : {size_t{0}, size_t{1}, size_t{100}, config.size() + 1,
                             weights.size() / 2, weights.size() - 1}) {
    EXPECT_EQ(save_with_limit(folder / "m", limit), static_cast<int>(ErrorCode::kIo)) << limit;
    EXPECT_EQ(read_bytes(folder / "m/config.json"), config);
    EXPECT_EQ(read_bytes(folder / "m/model.safetensors"), weights);
    size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder / "m"))
      ++files;
    EXPECT_EQ(files, 2U) << "something was left behind";
  }
  EXPECT_EQ(save_with_limit(folder / "m", 1 << 24), 0);
  EXPECT_NE(read_bytes(folder / "m/model.safetensors"), weights);
}

TEST(ModelFolder, SavingWhereAFileStandsIsRefused) {
  const TemporaryFolder folder;
  write_bytes(folder / "file", "x");
  EXPECT_EQ(refusal_of([&] { tiny_model(1).save_pretrained(folder / "file"); }).code,
            ErrorCode::kIo);
  EXPECT_EQ(read_bytes(folder / "file"), "x");
}

}  // namespace
}  // namespace albert::testing
