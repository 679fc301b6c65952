// Models from one folder to another: what comes back, what is refused, what a failure leaves.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "albert/heads/formats/convert.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;

// The folders of one golden case, one for each head.
std::vector<fs::path> golden_models(const std::string& golden) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fs::path(ALBERT_GOLDEN_DIR) / golden))
    if (fs::exists(entry.path() / "model.safetensors") &&
        !entry.path().filename().string().starts_with("train-"))
      folders.push_back(entry.path());
  return folders;
}

// The parameters of a folder's own architecture.
TensorFile values_of(const fs::path& folder) {
  std::vector<std::string> notes;
  const ModelToWrite model = open_model(folder, {}, notes);
  TensorFile file;
  for (const auto& [name, info] : model.weights->tensors())
    file.tensors.emplace(name, model.weights->tensor(name));
  return file;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  return names;
}

TEST(Convert, EveryHeadGoesThroughAllFormatsInTurnBitForBit) {
  const TemporaryFolder folder;
  for (const std::string golden : {"shared", "groups"})
    for (const fs::path& model : golden_models(golden)) {
      const TensorFile values = values_of(model);
      fs::path last = model;
      for (const ModelFormat& format : model_formats()) {
        const fs::path next = folder / (golden + model.filename().string() + format.name);
        convert_model(last, next, format.name);
        if (!format.is_read) continue;
        EXPECT_TRUE(same_bits(values_of(next), values)) << next;
        last = next;
      }
    }
}

class ConvertFolder : public ::testing::Test {
 protected:
  ConvertFolder() {
    AlbertForMaskedLM::from_config(tiny_config(), {.backend = {.threads = 1}})
        .save_pretrained(folder_ / "in");
  }
  Refusal refusal(const std::string& format, const ModelChoice& choice = {}) const {
    return refusal_of([&] { convert_model(folder_ / "in", folder_ / "out", format, choice); });
  }
  // Runs the conversion in a process of its own, which may end it or be ended.
  int run_in_child(const std::function<void()>& before,
                   const std::function<void(const fs::path&)>& check = {}) const {
    const pid_t child = fork();
    if (child == 0) {
      before();
      try {
        convert_model(folder_ / "in", folder_ / "out", "hf", {}, check);
      } catch (const Error& e) {
        _exit(static_cast<int>(e.code()));
      }
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  const TemporaryFolder folder_;
};

TEST_F(ConvertFolder, TypesAreRoundedOnceAndSaid) {
  const TensorFile values = values_of(folder_ / "in");
  for (const ModelFormat& format : model_formats()) {
    if (!format.is_read) continue;
    const fs::path out = folder_ / (std::string("f16") + format.name);
    convert_model(folder_ / "in", out, format.name, {.dtype = DType::kF16});
    for (const auto& [name, tensor] : values_of(out).tensors)
      EXPECT_EQ(doubles(tensor), doubles(values.tensors.at(name).to(DType::kF16))) << name;
  }
  convert_model(folder_ / "in", folder_ / "bf16", "hf", {.dtype = DType::kBF16});
  EXPECT_NE(read_bytes(folder_ / "bf16/config.json").find("\"dtype\": \"bfloat16\""),
            std::string::npos);
}

TEST_F(ConvertFolder, AValueThatATypeCannotHoldIsRefused) {
  TensorFile file = read_safetensors(folder_ / "in/model.safetensors");
  file.tensors.at("predictions.bias").data<float>()[3] = 1e5F;
  write_safetensors(folder_ / "in/model.safetensors", file);
  const Refusal r = refusal("hf", {.dtype = DType::kF16});
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("\"predictions.bias\": found 1 values that are too large for f16")) << r.what;
  EXPECT_EQ(names_in(folder_.path()), std::vector<std::string>{"in"});
}

TEST_F(ConvertFolder, WhatTheHeadDoesNotHaveIsSaidAndWhatItLacksIsRefused) {
  const Conversion done = convert_model(folder_ / "in", folder_ / "out", "hf", {.head = "model"});
  EXPECT_EQ(done.architecture, "AlbertModel");
  const auto& notes = done.notes;
  EXPECT_NE(std::find(notes.begin(), notes.end(),
                      "no part of AlbertModel, left out: predictions.bias [29]"),
            notes.end());
  const Refusal r = refusal_of([&] {
    convert_model(folder_ / "in", folder_ / "other", "hf", {.head = "sequence-classification"});
  });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("wanted a trained AlbertForSequenceClassification")) << r.what;
}

TEST_F(ConvertFolder, FullFoldersAndUnknownFormatsAreRefusedAndEmptyFoldersTaken) {
  fs::create_directory(folder_ / "out");
  write_bytes(folder_ / "out/mine", "mine");
  EXPECT_EQ(refusal("hf").code, ErrorCode::kUsage);
  EXPECT_EQ(read_bytes(folder_ / "out/mine"), "mine");
  EXPECT_EQ(refusal("gguf").code, ErrorCode::kUsage);
  fs::remove(folder_ / "out/mine");
  EXPECT_TRUE(refusal("gguf").says("found no format \"gguf\", wanted one of hf, bin, tf, h5"));
  convert_model(folder_ / "in", folder_ / "out", "hf");
  EXPECT_TRUE(fs::exists(folder_ / "out/README.md"));
  write_bytes(folder_ / "in/model.safetensors", "no such format");
  fs::remove_all(folder_ / "out");
  EXPECT_EQ(refusal("hf").code, ErrorCode::kBadData);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ConvertFolder, AFullDiskLeavesNothing) {
  const int status = run_in_child([] {
    const rlimit limit{2000, 2000};  // bytes of a file
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ErrorCode::kIo));
  EXPECT_EQ(names_in(folder_.path()), std::vector<std::string>{"in"});
}

TEST_F(ConvertFolder, AKilledConversionLeavesNoFolderOfThatName) {
  const int status = run_in_child([] {}, [](const fs::path&) { raise(SIGKILL); });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  convert_model(folder_ / "in", folder_ / "out", "hf");
  EXPECT_TRUE(same_bits(values_of(folder_ / "out"), values_of(folder_ / "in")));
}

TEST_F(ConvertFolder, TheReadmeCountsParametersOnceAndHasTheResults) {
  write_bytes(folder_ / "in/eval_results.json", R"({"accuracy": 0.5, "task": "x"})");
  const Conversion done = convert_model(folder_ / "in", folder_ / "out", "hf");
  const std::string text = read_bytes(folder_ / "out/README.md");
  EXPECT_NE(text.find("| total | " + std::to_string(done.parameters) + " |"), std::string::npos);
  EXPECT_NE(text.find("| accuracy | 0.5 |"), std::string::npos);
  EXPECT_EQ(text.find("task"), std::string::npos);
}

}  // namespace
}  // namespace albert::testing
