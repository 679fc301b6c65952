// albert finetune: whose labels count, which files and lengths are taken.
#include "tests/support/classifiers.h"
#include "tests/support/program.h"

namespace albert::testing {
namespace {

using Names = std::vector<std::string>;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";
const ClassifierFolder kNli = {{5, 0, 0}, {"entailment", "neutral", "contradiction"}};
constexpr const char* kPremises =
    "text\tpair\tlabel\na 0\tb 0\tentailment\na 1\tb 1\tentailment\na 2\tb 2\tentailment\n"
    "a x\tb y\tneutral\n";

class Finetune : public ::testing::Test {
 protected:
  Outcome finetune(const std::string& name, const std::string& bytes,
                   const Names& more = {}) const {
    write_bytes(folder / name, bytes);
    Names all = {"finetune",
                 "--task",
                 "classify",
                 "--train_file",
                 folder / name,
                 "--validation_file",
                 folder / name,
                 "--model_name_or_path",
                 folder / "model",
                 "--output_dir",
                 folder / "out",
                 "--max_steps",
                 "1",
                 "--learning_rate",
                 "1e-9",
                 "--overwrite_output_dir",
                 "--resume_from_checkpoint",
                 "none",
                 "--threads",
                 "1",
                 "--device",
                 "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return run_albert(all);
  }
  void write(const ClassifierFolder& is) const { write_classifier(folder / "model", is, kSpiece); }
  Names labels() const {
    Names names;
    for (const auto& [id, name] : AlbertConfig::from_file(folder / "out/config.json").id2label)
      names.push_back(name);
    return names;
  }
  TemporaryFolder folder;
};

bool has_accuracy(const Outcome& r, const std::string& accuracy) {
  return r.out.find("accuracy " + accuracy + ";") != std::string::npos;
}

TEST_F(Finetune, AModelsOwnLabelsWinByName) {
  write(kNli);
  const Outcome r = finetune("a.tsv", kPremises, {"--pair_column", "pair"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(has_accuracy(r, "0.75")) << r.out;
  EXPECT_EQ(labels(), kNli.labels);
}

TEST_F(Finetune, LabelsThatTheModelLacksAreRefusedByNameUnlessItsClassifierIsNew) {
  write(kNli);
  const std::string foreign = "text\tlabel\na\tneutral\nb\tgood\nc\tbad\n";
  Outcome r = finetune("a.tsv", foreign);
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("found the labels bad, good, wanted those of the trained classifier"))
      << r.err;
  EXPECT_TRUE(r.says("entailment, neutral, contradiction"));
  r = finetune("a.tsv", foreign, {"--fresh_classifier"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("new, starts at random: classifier.weight")) << r.err;
  EXPECT_EQ(labels(), (Names{"bad", "good", "neutral"}));
  r = finetune("a.tsv", foreign, {"--labels", "bad=contradiction,neutral=neutral,good=entailment"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(has_accuracy(r, "0.333333")) << r.out;
  EXPECT_EQ(labels(), kNli.labels);
}

TEST_F(Finetune, WithoutNamesTheLabelsOfTheDataAreUsed) {
  const std::string data = "text\tlabel\na\tbad\nb\tgood\n";
  write({{5, 0}});
  const Outcome r = finetune("a.tsv", data);
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(has_accuracy(r, "0.5"));
  EXPECT_EQ(labels(), (Names{"bad", "good"}));
  EXPECT_EQ(finetune("a.tsv", data + "c\tugly\n").code, 78);
}

TEST_F(Finetune, AClassifierOfAnotherProblemIsRefused) {
  write({{5, 0}, {"bad", "good"}, "multi_label_classification"});
  const std::string data = "text\tlabel\na\tbad\nb\tgood\n";
  const Outcome r = finetune("a.tsv", data);
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("problem_type: found multi_label_classification")) << r.err;
  EXPECT_EQ(finetune("a.tsv", data, {"--fresh_classifier"}).code, 0);
  write({{5, 0}, {"bad", "bad"}});
  EXPECT_TRUE(finetune("a.tsv", data).says("id2label: found \"bad\" twice"));
}

TEST_F(Finetune, FilesMayBeginWithAMarkAndHaveOtherLineEnds) {
  write({{5, 0}, {"bad", "good"}});
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"a.tsv", "\xEF\xBB\xBFtext\tlabel\r\na\tbad\r\n\r\nb\tgood\r\n"},
           {"a.jsonl",
            "\xEF\xBB\xBF {\"text\": \"a\", \"label\": \"bad\"}\r\n  \n"
            "{\"text\": \"b\", \"label\": \"good\"}"}}) {
    const Outcome r = finetune(name, bytes);
    EXPECT_EQ(r.code, 0) << r.err;
    EXPECT_NE(r.out.find("classify: 2 examples"), std::string::npos) << r.out;
  }
  const Outcome list = finetune("a.jsonl", "[{\"text\": \"a\", \"label\": \"bad\"}]\n");
  EXPECT_EQ(list.code, 65);
  EXPECT_TRUE(list.says("a.jsonl:1: found a list, wanted a JSON object")) << list.err;
}

TEST_F(Finetune, LengthsAndSizesThatCannotBeAreRefused) {
  write(kNli);
  for (const char* length : {"0", "-1", "1", "2", "513"})
    EXPECT_EQ(finetune("a.tsv", kPremises, {"--max_seq_length", length}).code, 2) << length;
  const Names pairs = {"--pair_column", "pair", "--max_seq_length", "4"};
  EXPECT_TRUE(finetune("a.tsv", kPremises, pairs).says("max_seq_length 4: wanted 5 or more"));
  EXPECT_EQ(finetune("a.tsv", kPremises, {"--eval_batch_size", "0"}).code, 2);
  EXPECT_EQ(finetune("a.tsv", kPremises, {"--max_train_samples", "-1"}).code, 2);
  EXPECT_TRUE(finetune("a.tsv", kPremises, {"--class_weights", "1,2"})
                  .says("--class_weights: found 2, wanted 3"));
}

TEST_F(Finetune, ItsOptionsCanBeReadAgain) {
  write(kNli);
  ASSERT_EQ(finetune("a.tsv", kPremises, {"--pair_column", "pair"}).code, 0);
  const Outcome again =
      run_albert({"finetune", "--config", folder / "out/args.json", "--dump_config"});
  const auto dumped = nlohmann::json::parse(again.out);
  EXPECT_EQ(dumped["pair_column"], "pair");
  EXPECT_TRUE(dumped["text_column"].is_null()) << again.out;
}

TEST_F(Finetune, HelpSaysWhatEachKindUnderstandsByAnOption) {
  std::istringstream words(run_albert({"finetune", "--help"}).out);
  std::string help;
  for (std::string word; words >> word;) help += word + " ";
  for (const char* part : {"classification, multilabel, regression (slow): slow: a pair is cut as",
                           "; choice (google): google: the context is cut",
                           "tagging: column or key of the words", "--truncation TEXT classif"})
    EXPECT_NE(help.find(part), std::string::npos) << part << help;
}

TEST_F(Finetune, AFrozenPartKeepsItsBits) {
  write({.labels = {"x", "y"}});
  const auto with = [&](const char* option, const char* value) {
    return finetune("d.tsv", "text\tlabel\na b\tx\nc d\ty\n",
                    {"--learning_rate", "1e-2", "--warmup_steps", "0", option, value})
        .code;
  };
  const auto values = [&](const std::string& model, const std::string& name) {
    auto loaded = AlbertForSequenceClassification::from_pretrained(folder / model,
                                                                   {.backend = {.threads = 1}});
    const Tensor value = loaded.parameters().find(name)->value;
    return std::vector<float>(value.as<float>(), value.as<float>() + value.shape.size());
  };
  const std::string words = "albert.embeddings.word_embeddings.weight", own = "classifier.weight";
  ASSERT_EQ(with("--freeze", "embeddings"), 0);
  EXPECT_EQ(values("out", words), values("model", words));
  EXPECT_NE(values("out", own), values("model", own));
  ASSERT_EQ(with("--learning_rate_multipliers", "head=0"), 0);
  EXPECT_NE(values("out", words), values("model", words));
  EXPECT_EQ(values("out", own), values("model", own));
}

TEST_F(Finetune, PartsThatDoNotExistAreRefused) {
  write({.labels = {"x", "y"}});
  const std::string data = "text\tlabel\na b\tx\nc d\ty\n";
  const std::vector<std::pair<Names, std::string>> cases = {
      {{"--freeze", "layers"},
       "--freeze: found \"layers\", wanted one of embeddings, encoder, head"},
      {{"--freeze", "embeddings,encoder,head"}, "--freeze: found every part frozen"},
      {{"--learning_rate_multipliers", "head"}, "wanted PART=FACTOR, as head=10"},
      {{"--learning_rate_multipliers", "head=-1"}, "found \"-1\", wanted a number of 0 or more"},
      {{"--learning_rate_multipliers", "haed=2"}, "found \"haed\", wanted one of embeddings"}};
  for (const auto& [arguments, message] : cases) {
    const Outcome r = finetune("d.tsv", data, arguments);
    EXPECT_EQ(r.code, 2) << message;
    EXPECT_TRUE(r.says(message)) << r.err;
  }
}

}  // namespace
}  // namespace albert::testing
