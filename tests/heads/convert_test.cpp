// Models from one folder to another: what comes back, what is refused, what a failure leaves.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
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

// Written by TensorFlow 2.15 from the golden model.
TEST(Convert, TensorFlowsOwnFileOfFormatV1IsTheGoldenModel) {
  const fs::path golden = fs::path(ALBERT_GOLDEN_DIR) / "shared";
  const TensorFile values = values_of(golden / "pretraining");
  EXPECT_TRUE(same_bits(values_of(golden / "tf/google-v1"), values));
  const TemporaryFolder folder;
  for (const ModelFormat& format : model_formats()) {
    if (!format.is_read) continue;
    convert_model(golden / "tf/google-v1", folder / format.name, format.name);
    EXPECT_TRUE(same_bits(values_of(folder / format.name), values)) << format.name;
  }
}

class ConvertFolder : public ::testing::Test {
 protected:
  ConvertFolder() {
    AlbertForMaskedLM::from_config(tiny_config(), {.backend = {.threads = 1}})
        .save_pretrained(folder_ / "in");
  }
  Refusal refusal(const std::string& format, const ModelChoice& choice = {}) const {
    return refusal_of([&] { convert_model(folder_ / "in", folder_ / "out", format, {choice}); });
  }
  // Runs the conversion in a process of its own, which may end it or be ended.
  int run_in_child(const std::function<void()>& before,
                   const std::function<void()>& check = {}) const {
    const pid_t child = fork();
    if (child == 0) {
      before();
      try {
        ConversionOptions options;
        if (check) options.check = [&](const fs::path&, const Conversion&) { check(); };
        convert_model(folder_ / "in", folder_ / "out", "hf", options);
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
    convert_model(folder_ / "in", out, format.name, {{.dtype = DType::kF16}});
    for (const auto& [name, tensor] : values_of(out).tensors)
      EXPECT_EQ(doubles(tensor), doubles(values.tensors.at(name).to(DType::kF16))) << name;
  }
  convert_model(folder_ / "in", folder_ / "bf16", "hf", {{.dtype = DType::kBF16}});
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
  const Conversion done = convert_model(folder_ / "in", folder_ / "out", "hf", {{.head = "model"}});
  EXPECT_EQ(done.architecture, "AlbertModel");
  const auto& notes = done.notes;
  EXPECT_NE(std::find(notes.begin(), notes.end(),
                      "no part of AlbertModel, left out: predictions.bias [29]"),
            notes.end());
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

TEST_F(ConvertFolder, AHeadThatTheFolderLacksIsNewAndNamed) {
  const TensorFile values = values_of(folder_ / "in");
  const Conversion done =
      convert_model(folder_ / "in", folder_ / "out", "hf", {{.head = "sequence-classification"}});
  EXPECT_EQ(done.fresh,
            (std::vector<std::string>{"albert.pooler.weight [15, 15]", "albert.pooler.bias [15]",
                                      "classifier.weight [2, 15]", "classifier.bias [2]"}));
  EXPECT_TRUE(has(done.notes,
                  "new in AlbertForSequenceClassification, drawn at random: classifier.bias [2]"));
  EXPECT_TRUE(has(done.notes,
                  "no part of AlbertForSequenceClassification, left out: predictions.bias [29]"));
  TensorFile written = values_of(folder_ / "out");
  const HostTensor classifier = written.tensors.at("classifier.weight");
  EXPECT_EQ(doubles(written.tensors.at("classifier.bias")), (std::vector<double>{0, 0}));
  double sum = 0;
  for (const double value : doubles(classifier)) sum += std::fabs(value);
  EXPECT_GT(sum, 0.3 * 0.5 * 30);
  EXPECT_LT(sum, 0.3 * 1.2 * 30);
  for (const auto& [name, tensor] : values.tensors) {
    if (!name.starts_with("albert.")) continue;
    EXPECT_EQ(doubles(written.tensors.at(name)), doubles(tensor)) << name;
  }
  convert_model(folder_ / "in", folder_ / "again", "hf", {{.head = "sequence-classification"}});
  EXPECT_EQ(doubles(values_of(folder_ / "again").tensors.at("classifier.weight")),
            doubles(classifier));
}

TEST_F(ConvertFolder, AClassifierOfAnotherHeadIsNotTakenForThisOne) {
  convert_model(folder_ / "in", folder_ / "texts", "hf", {{.head = "sequence-classification"}});
  const Conversion done =
      convert_model(folder_ / "texts", folder_ / "words", "hf", {{.head = "token-classification"}});
  EXPECT_EQ(done.fresh,
            (std::vector<std::string>{"classifier.weight [2, 15]", "classifier.bias [2]"}));
  EXPECT_TRUE(has(done.notes,
                  "trained for AlbertForSequenceClassification, left out: classifier.bias [2]"));
  EXPECT_TRUE(
      convert_model(folder_ / "words", folder_ / "same", "hf", {{.head = "token-classification"}})
          .fresh.empty());
}

TEST_F(ConvertFolder, AnEncoderThatIsNotCompleteIsRefusedWithAnyHead) {
  TensorFile file = read_safetensors(folder_ / "in/model.safetensors");
  file.tensors.erase("albert.embeddings.LayerNorm.bias");
  write_safetensors(folder_ / "in/model.safetensors", file);
  const Refusal r = refusal("hf", {.head = "question-answering"});
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("found no tensor albert.embeddings.LayerNorm.bias [6]")) << r.what;
}

TEST_F(ConvertFolder, WordsAreAddedAsTheMeanOfTheOthers) {
  const TensorFile values = values_of(folder_ / "in");
  const Conversion done = convert_model(folder_ / "in", folder_ / "out", "hf", {{.pieces = 32}});
  EXPECT_TRUE(done.is_resized);
  EXPECT_EQ(AlbertConfig::from_folder(folder_ / "out").vocab_size, 32);
  const TensorFile written = values_of(folder_ / "out");
  for (const std::string name : {"albert.embeddings.word_embeddings.weight", "predictions.bias"}) {
    const auto before = doubles(values.tensors.at(name)), after = doubles(written.tensors.at(name));
    const size_t width = before.size() / 29;
    ASSERT_EQ(after.size(), 32 * width) << name;
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin())) << name;
    for (size_t col = 0; col < width; ++col) {
      double mean = 0;
      for (size_t row = 0; row < 29; ++row) mean += before[row * width + col] / 29;
      for (size_t row = 29; row < 32; ++row)
        EXPECT_NEAR(after[row * width + col], mean, 1e-7) << name;
    }
  }
  EXPECT_FALSE(convert_model(folder_ / "in", folder_ / "same", "hf", {{.pieces = 7}}).is_resized);
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
  const int status = run_in_child([] {}, [] { raise(SIGKILL); });
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
