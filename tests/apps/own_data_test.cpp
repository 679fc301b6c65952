// Own data: CSV, JSONL, label sets, numbers, and what is said of bad files.
#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;

class OwnData : public TaskRuns {
 protected:
  OwnData() : TaskRuns(ALBERT_GOLDEN_DIR) {}
};

TEST_F(OwnData, IsReadFromEveryFormat) {
  const std::string csv = "text,label\n\"one, \"\"two\"\"\",true\nthree,false\n",
                    lines =
                        "{\"text\": \"one, \\\"two\\\"\", \"label\": true}\n"
                        "{\"text\": \"three\", \"label\": false}\n",
                    tsv = "text\tlabel\none, \"two\"\ttrue\nthree\tfalse\n";
  std::set<std::string> hashes;
  for (const auto& [name, bytes] : Files{{"a.csv", csv}, {"a.jsonl", lines}, {"a.tsv", tsv}}) {
    const std::string file = data({{name, bytes}}) + "/" + name;
    const Outcome r = finetune({"--task", "classify", "--train_file", file, "--validation_file",
                                file, "--metrics", "accuracy,f1,matthews_correlation"});
    ASSERT_EQ(r.code, 0) << r.err;
    EXPECT_TRUE(results().contains("eval_f1"));
    const json state = json::parse(read_bytes(folder / "out/checkpoint-2/trainer_state.json"));
    hashes.insert(state["frozen_settings"]["data"].get<std::string>());
  }
  EXPECT_EQ(hashes.size(), 1U);
}

TEST_F(OwnData, LabelSetsAndNumbersAreLearnedAndPredicted) {
  const std::string sets = data({{"a.jsonl",
                                  "{\"text\": \"a\", \"label\": [\"x\", \"y\"]}\n"
                                  "{\"text\": \"b\", \"label\": []}\n"}}) +
                           "/a.jsonl";
  Outcome r = finetune({"--task", "multilabel", "--train_file", sets, "--validation_file", sets});
  ASSERT_EQ(r.code, 0) << r.err;
  for (const char* name : {"eval_accuracy", "eval_micro_f1", "eval_macro_f1", "eval_samples_f1"})
    EXPECT_TRUE(results().contains(name)) << name;
  r = predict({"--input", sets});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.json_lines().at(0)["labels"].is_array()) << r.out;
  EXPECT_EQ(r.json_lines().at(0)["probabilities"].size(), 2U);

  const std::string numbers = data({{"a.csv", "text,stars\na,4.5\nb,-1\n\"c,\",1e1\n"}}) + "/a.csv";
  r = finetune({"--task", "regress", "--train_file", numbers, "--validation_file", numbers,
                "--label_column", "stars"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(results().contains("eval_spearmanr"));
  EXPECT_EQ(AlbertConfig::from_file(folder / "out/config.json").problem_type, "regression");
  r = predict({"--input", numbers});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.json_lines().at(2)["score"].is_number());
  const std::string words = data({{"b.csv", "text,label\na,good\n"}}) + "/b.csv";
  r = finetune({"--task", "regress", "--train_file", words, "--validation_file", words});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("b.csv:2: found \"good\", wanted a number")) << r.err;
}

TEST_F(OwnData, BadFilesAreRefusedByTheirLine) {
  const auto refused = [&](const std::string& name, const std::string& bytes, const Names& more) {
    const std::string file = data({{name, bytes}}) + "/" + name;
    Names all = {"--train_file", file, "--validation_file", file};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome r = finetune(all);
    EXPECT_EQ(r.code, 65) << r.err;
    return r.err;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(
      has(refused("a.tsv", "sentence\tlabel\na\t1\nb\t2\n", {"--task", "sst2"}),
          "a.tsv:3: found the label \"2\", wanted one of negative, positive, in files 0, 1"));
  EXPECT_TRUE(has(refused("a.tsv", "sentence\tlabel\na\t1\t1\n", {"--task", "sst2"}), "a.tsv:2: "));
  EXPECT_TRUE(has(refused("a.tsv", "text\tlabel\na\t1\n", {"--task", "sst2"}),
                  "a.tsv:1: found the columns text, label, wanted sentence"));
  EXPECT_TRUE(has(refused("a.csv", "text,label\na,1\n\"b,2\n", {"--task", "classify"}),
                  "a.csv:3:1: found no end of this quote"));
  EXPECT_TRUE(has(refused("a.tsv", "sentence1\tsentence2\tscore\na\tb\tx\n", {"--task", "stsb"}),
                  "a.tsv:2: found \"x\", wanted a number"));
}

TEST_F(OwnData, ACollapsedRunIsToldOf) {
  const std::string file = data({{"a.tsv", "text\tlabel\na\tx\nb\ty\nc\tx\n"}}) + "/a.tsv";
  write_start({5, 0});
  const Outcome r = finetune({"--task", "classify", "--train_file", file, "--validation_file", file,
                              "--model_name_or_path", folder / "model", "--learning_rate", "1e-9"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("warning: every prediction is \"x\": the run has collapsed")) << r.err;
}

TEST_F(OwnData, PiecesThatTheVocabularyLacksAreCounted) {
  const auto said = [&](const std::string& text) {
    return finetune({"--task", "classify", "--data_dir",
                     data({{"train.tsv", "text\tlabel\n" + text + "\tx\nc d\ty\n"},
                           {"dev.tsv", "text\tlabel\na\tx\n"}})})
        .out;
  };
  EXPECT_EQ(said("a b").find("unknown"), std::string::npos);
  EXPECT_NE(said("a \u4E00\u4E01").find(" % of the pieces unknown), "), std::string::npos);
}

// The model says "x" of everything, more surely than not.
TEST_F(OwnData, TheReportHasConfusionScoresAndTheWorstExamples) {
  write_start({1, 0});
  const Files files = {{"train.tsv", "text\tlabel\na b\tx\nc d\ty\n"},
                       {"dev.tsv", "text\tlabel\none word\tx\ntwo words\tx\nthree words\ty\n"}};
  const std::string at = data(files);
  const Outcome r = finetune({"--task", "classify", "--data_dir", at, "--model_name_or_path",
                              folder / "model", "--learning_rate", "1e-12"});
  ASSERT_EQ(r.code, 0) << r.err;
  const json details = json::parse(read_bytes(folder / "out/report_details.json"));
  const json& tables = details["tables"];
  ASSERT_EQ(tables.size(), 3U);
  EXPECT_EQ(tables[0]["rows"][0], json({"x", "2", "3", "0.667", "1.000", "0.800"}));
  EXPECT_EQ(tables[0]["rows"][1], json({"y", "1", "0", "0.000", "0.000", "0.000"}));
  EXPECT_EQ(tables[1]["rows"], json({{"x", "2", "0"}, {"y", "1", "0"}}));
  ASSERT_EQ(tables[2]["rows"].size(), 3U);
  EXPECT_EQ(tables[2]["rows"][0][0], "[CLS] three words[SEP]");
  EXPECT_EQ(tables[2]["rows"][0][1], "y");
  EXPECT_EQ(tables[2]["rows"][0][3], "1.313");  // log(1 + e)
  EXPECT_EQ(tables[2]["rows"][1][3], "0.313");
  const size_t tokens = details["attention"]["tokens"].size();
  ASSERT_GE(tokens, 4U);
  ASSERT_EQ(details["attention"]["layers"].size(), 2U);
  for (const json& layer : details["attention"]["layers"]) {
    ASSERT_EQ(layer.size(), tokens * tokens);
    double sum = 0;
    for (const json& share : layer) sum += share.get<double>() / 1000;
    EXPECT_NEAR(sum, static_cast<double>(tokens), 0.05);
  }
  EXPECT_NE(read_bytes(folder / "out/report.html").find("attention over depth"), std::string::npos);
}

TEST_F(OwnData, TheReportHasScoresOfLabelSetsAndTheWorstNumbers) {
  const Files sets = {{"train.tsv", "text\tlabel\na\tx\nb\tx,y\n"},
                      {"dev.tsv", "text\tlabel\na\tx\nb\t\n"}};
  ASSERT_EQ(finetune({"--task", "multilabel", "--data_dir", data(sets)}).code, 0);
  json tables = json::parse(read_bytes(folder / "out/report_details.json"))["tables"];
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0]["rows"][0][1], "1");
  EXPECT_EQ(tables[0]["rows"][1][1], "0");
  const Files numbers = {{"train.tsv", "text\tlabel\na\t1\nb\t2\n"},
                         {"dev.tsv", "text\tlabel\na\t1\nb\t100\n"}};
  ASSERT_EQ(finetune({"--task", "regress", "--data_dir", data(numbers)}).code, 0);
  tables = json::parse(read_bytes(folder / "out/report_details.json"))["tables"];
  ASSERT_EQ(tables.size(), 1U);
  EXPECT_EQ(tables[0]["rows"][0][1], "100.000");
}

}  // namespace
}  // namespace albert::testing
