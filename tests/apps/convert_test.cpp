// `albert convert` and what `albert info` says of its folders.
#include "tests/support/models.h"
#include "tests/support/program.h"

namespace albert::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kGolden = std::string(ALBERT_GOLDEN_DIR) + "/shared/";
const std::string kTokenizer = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/";

class ConvertProgram : public ::testing::Test {
 protected:
  Outcome convert(const std::string& from, const std::string& to,
                  std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"convert", from, folder_ / to});
    return run_albert(more);
  }
  json info(const std::string& folder) const {
    const Outcome r = run_albert({"info", folder_ / folder, "--json"});
    EXPECT_EQ(r.code, 0) << r.err;
    return json::parse(r.out);
  }
  const TemporaryFolder folder_;
};

TEST_F(ConvertProgram, InfoNamesTheFormatAndTheTensorsOfWhatItWrote) {
  const std::vector<std::tuple<std::string, std::string, std::string>> formats{
      {"hf", "safetensors", "model.safetensors"},
      {"bin", "PyTorch", "pytorch_model.bin"},
      {"tf", "TensorFlow checkpoint, format V2", "model.ckpt-best.index"},
      {"h5", "HDF5 of Keras", "tf_model.h5"}};
  for (const auto& [format, about, file] : formats) {
    const Outcome r = convert(kGolden + "pretraining", format, {"--to", format, "--verify"});
    EXPECT_EQ(r.code, 0) << r.err;
    EXPECT_NE(r.out.find("verified: the largest difference is 0, in out."), std::string::npos)
        << r.out;
    EXPECT_NE(r.out.find(": AlbertForPreTraining, 16958 parameters\n"), std::string::npos) << r.out;
    const json j = info(format);
    EXPECT_EQ(j.at("architecture"), "AlbertForPreTraining");
    EXPECT_EQ(j.at("files").at("format"), about);
    EXPECT_EQ(j.at("files").at("file"), file);
    EXPECT_EQ(j.at("parameters").at("total"), 16958);
    EXPECT_EQ(j.at("files").at("list").at("sop_classifier.classifier.weight").at("shape"),
              json({2, 32}));
    EXPECT_TRUE(j.at("files").at("missing").empty());
    fs::remove(folder_ / format / "config.json");
    if (format == "tf") {  // albert_config.json is beside it; the variables say which head it is
      EXPECT_EQ(info(format).at("architecture"), "AlbertForPreTraining");
    }
  }
}

TEST_F(ConvertProgram, ANewHeadIsNamedAndVerifiedWithoutIt) {
  const Outcome r = convert(kGolden + "pretraining", "new",
                            {"--to", "hf", "--head", "question-answering", "--verify"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(
      r.says("note: new in AlbertForQuestionAnswering, drawn at random: qa_outputs.weight "
             "[2, 32]\n"))
      << r.err;
  EXPECT_TRUE(r.says("note: no part of AlbertForQuestionAnswering, left out: predictions.bias"));
  EXPECT_NE(r.out.find("of the model without its head"), std::string::npos) << r.out;
  EXPECT_EQ(info("new").at("config").at("architectures"), json({"AlbertForQuestionAnswering"}));
  EXPECT_EQ(convert(folder_ / "new", "base", {"--to", "h5", "--head", "model", "--verify"}).code,
            0);
}

TEST_F(ConvertProgram, WordsAreAddedForATokenizerThatGrew) {
  AlbertConfig config = tiny_config();
  config.vocab_size = 29000;
  AlbertForMaskedLM::from_config(config, {.backend = {.threads = 1}})
      .save_pretrained(folder_ / "small");
  fs::create_directory(folder_ / "words");
  fs::copy_file(kTokenizer + "spiece.model", folder_ / "words/spiece.model");
  const Outcome r = convert(
      folder_ / "small", "big",
      {"--to", "hf", "--tokenizer", folder_ / "words", "--resize_to_tokenizer", "--verify"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("note: word embeddings: 29000 rows became 30000")) << r.err;
  const json j = info("big");
  EXPECT_EQ(j.at("config").at("vocab_size"), 30000);
  EXPECT_EQ(j.at("files").at("list").at("predictions.bias").at("shape"), json({30000}));
  EXPECT_EQ(j.at("vocabulary").at("pieces"), 30000);
  EXPECT_EQ(convert(folder_ / "small", "none", {"--to", "hf", "--resize_to_tokenizer"}).code, 66);
  EXPECT_FALSE(fs::exists(folder_ / "none"));
}

TEST_F(ConvertProgram, WrongUseIsRefusedWithItsCode) {
  EXPECT_EQ(convert(kGolden + "model", "x").code, 2);
  EXPECT_EQ(convert(kGolden + "model", "x", {"--to", "gguf"}).code, 2);
  EXPECT_EQ(convert("/nowhere", "x", {"--to", "hf"}).code, 66);
  fs::create_directory(folder_ / "full");
  write_bytes(folder_ / "full/mine", "mine");
  const Outcome r = convert(kGolden + "model", "full", {"--to", "hf"});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("found it there and not empty")) << r.err;
  fs::create_directory(folder_ / "broken");
  fs::copy_file(kGolden + "model/config.json", folder_ / "broken/config.json");
  write_bytes(folder_ / "broken/model.safetensors", "no such format");
  EXPECT_EQ(convert(folder_ / "broken", "x", {"--to", "hf"}).code, 65);
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

}  // namespace
}  // namespace albert::testing
