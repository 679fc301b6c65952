// Every task of GLUE from files in its official layout, whose texts hold quotes of all kinds: what
// finetune evaluates, what predict writes, and that eval scores it. Own data: CSV, JSONL, label
// sets, numbers.
#include <set>

#include "tests/support/classifiers.h"
#include "tests/support/program.h"

namespace albert::testing {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;
namespace fs = std::filesystem;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

struct GlueCase {
  std::string task;
  std::map<std::string, std::string> files;
  std::set<std::string> results;                 // in eval_results.json beside epoch
  std::map<std::string, std::string> predicted;  // predict_results file: submission
  std::set<std::string> names, values;           // of labels, in the two; empty: numbers
};

// Rows of a table with the text of every cell but the given ones.
std::string rows(const std::string& header, const std::vector<Names>& cells) {
  std::string table = header + "\n";
  for (const Names& row : cells) {
    for (size_t i = 0; i < row.size(); ++i) table += (i > 0 ? "\t" : "") + row[i];
    table += "\n";
  }
  return table;
}

const std::string kOdd = "\"He said it's \"\"odd", kQuote = "5' 11\" tall \"";

const std::string kNliTrain =
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
    "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label";
const std::string kNliDev =
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
    "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tlabel3\tlabel4\t"
    "label5\tgold_label";

Names nli_row(size_t labels, const std::string& gold) {
  Names row(8, "_");
  row.insert(row.end(), {kOdd, kQuote});
  row.insert(row.end(), labels, "_");
  row.push_back(gold);
  return row;
}

std::vector<GlueCase> glue_cases() {
  const std::set<std::string> accuracy = {"eval_loss", "eval_samples", "eval_accuracy"};
  const std::string pairs = "index\tsentence1\tsentence2";
  const auto with = [](std::set<std::string> set, const std::set<std::string>& more) {
    set.insert(more.begin(), more.end());
    return set;
  };
  const auto pair_files = [&](const std::string& header, const std::string& no,
                              const std::string& yes) {
    const auto labelled = rows(header + "\tlabel", {{"0", kOdd, kQuote, no}, {"1", "a", "b", yes}});
    return std::map<std::string, std::string>{
        {"train.tsv", labelled},
        {"dev.tsv", labelled},
        {"test.tsv", rows(header, {{"0", kOdd, kQuote}, {"1", "a", "\""}})}};
  };
  const std::string cola = "gj04\t1\t\t" + kOdd + "\nc13\t0\t*\tBooks \"the.\n";
  const std::string sst = rows("sentence\tlabel", {{kOdd, "1"}, {kQuote, "0"}});
  const std::string mrpc = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String";
  const std::string mrpc_rows =
      "\xEF\xBB\xBF" + rows(mrpc, {{"1", "1", "2", kOdd, kQuote}, {"0", "3", "4", "a", "\""}});
  const std::string sts =
      "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2";
  const Names sts_row = {"0", "g", "f", "y", "0", "n", "n", kOdd, kQuote};
  const auto scored = [&](const std::string& score) {
    Names row = sts_row;
    row.push_back(score);
    return row;
  };
  const std::string sts_rows =
      rows(sts + "\tscore", {scored("5.000"), scored("2.250"), scored("0")});
  const std::string qqp = rows("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
                               {{"7", "1", "2", kOdd, kQuote, "0"},
                                {"9", "3", "4", "broken"},
                                {"10", "1", "2", kQuote, "\"", "1"}});
  const std::string nli_labelled =
      rows(kNliDev, {nli_row(5, "neutral"), nli_row(5, "entailment"), nli_row(5, "contradiction")});
  const std::string nli_test = rows(pairs, {{"0", kOdd, kQuote}, {"1", "a", "b"}});
  const std::set<std::string> yes_no = {"entailment", "not_entailment"}, bits = {"0", "1"};
  return {
      {"cola",
       {{"train.tsv", cola},
        {"dev.tsv", cola},
        {"test.tsv", rows("index\tsentence", {{"0", kOdd}})}},
       {"eval_loss", "eval_samples", "eval_matthews_correlation"},
       {{"predict_results_cola.txt", "CoLA.tsv"}},
       {"unacceptable", "acceptable"},
       bits},
      {"sst2",
       {{"train.tsv", sst}, {"dev.tsv", sst}, {"test.tsv", rows("index\tsentence", {{"0", kOdd}})}},
       accuracy,
       {{"predict_results_sst2.txt", "SST-2.tsv"}},
       {"negative", "positive"},
       bits},
      {"mrpc",
       {{"train.tsv", mrpc_rows},
        {"dev.tsv", mrpc_rows},
        {"test.tsv",
         rows("index\t#1 ID\t#2 ID\t#1 String\t#2 String", {{"0", "1", "2", kOdd, kQuote}})}},
       with(accuracy, {"eval_f1", "eval_combined_score"}),
       {{"predict_results_mrpc.txt", "MRPC.tsv"}},
       {"not_equivalent", "equivalent"},
       bits},
      {"stsb",
       {{"train.tsv", sts_rows}, {"dev.tsv", sts_rows}, {"test.tsv", rows(sts, {sts_row})}},
       {"eval_loss", "eval_samples", "eval_pearson", "eval_spearmanr", "eval_combined_score"},
       {{"predict_results_stsb.txt", "STS-B.tsv"}},
       {},
       {}},
      {"qqp",
       {{"train.tsv", qqp},
        {"dev.tsv", qqp},
        {"test.tsv", rows("id\tquestion1\tquestion2", {{"0", kOdd, kQuote}})}},
       with(accuracy, {"eval_f1", "eval_combined_score"}),
       {{"predict_results_qqp.txt", "QQP.tsv"}},
       {"not_duplicate", "duplicate"},
       bits},
      {"mnli",
       {{"train.tsv", rows(kNliTrain, {nli_row(1, "neutral"), nli_row(1, "entailment")})},
        {"dev_matched.tsv", nli_labelled},
        {"dev_mismatched.tsv", nli_labelled},
        {"test_matched.tsv", nli_test},
        {"test_mismatched.tsv", nli_test}},
       with(accuracy, {"eval_loss_mm", "eval_samples_mm", "eval_accuracy_mm"}),
       {{"predict_results_mnli.txt", "MNLI-m.tsv"}, {"predict_results_mnli-mm.txt", "MNLI-mm.tsv"}},
       {"entailment", "neutral", "contradiction"},
       {"entailment", "neutral", "contradiction"}},
      {"qnli",
       pair_files("index\tquestion\tsentence", "not_entailment", "entailment"),
       accuracy,
       {{"predict_results_qnli.txt", "QNLI.tsv"}},
       yes_no,
       yes_no},
      {"rte",
       pair_files(pairs, "not_entailment", "entailment"),
       accuracy,
       {{"predict_results_rte.txt", "RTE.tsv"}},
       yes_no,
       yes_no},
      {"wnli",
       pair_files(pairs, "0", "1"),
       accuracy,
       {{"predict_results_wnli.txt", "WNLI.tsv"}},
       yes_no,
       bits}};
}

class Glue : public ::testing::Test {
 protected:
  Glue() {
    fs::create_directory(folder.path() / "model");
    write_classifier(folder / "model", {{}, {"a", "b"}}, kSpiece);
  }
  Outcome finetune(const Names& more) const {
    Names all = {"finetune",
                 "--config_name",
                 folder / "model/config.json",
                 "--max_steps",
                 "2",
                 "--tokenizer_name",
                 kSpiece,
                 "--output_dir",
                 folder / "out",
                 "--threads",
                 "1",
                 "--device",
                 "cpu",
                 "--learning_rate",
                 "1e-4",
                 "--train_batch_size",
                 "2",
                 "--overwrite_output_dir"};
    all.insert(all.end(), more.begin(), more.end());
    return run_albert(all);
  }
  Outcome predict(const Names& more) const {
    Names all = {"predict", "--model", folder / "out", "--threads", "1", "--device", "cpu"};
    all.insert(all.end(), more.begin(), more.end());
    return run_albert(all);
  }
  std::string data(const std::map<std::string, std::string>& files) const {
    const fs::path data = folder.path() / "data";
    fs::remove_all(data);
    fs::create_directory(data);
    for (const auto& [name, bytes] : files) write_bytes(data / name, bytes);
    return data.string();
  }
  json results() const { return json::parse(read_bytes(folder / "out/eval_results.json")); }
  // The second column of a file of predictions, whose first must count from 0.
  Names predictions(const fs::path& file) const {
    std::istringstream lines(read_bytes(file));
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, "index\tprediction");
    Names found;
    while (std::getline(lines, line)) {
      const size_t tab = line.find('\t');
      EXPECT_EQ(line.substr(0, tab), std::to_string(found.size()));
      found.push_back(line.substr(tab + 1));
    }
    return found;
  }
  TemporaryFolder folder;
};

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

TEST_F(Glue, EveryTaskIsTrainedAndPredictedFromItsFiles) {
  for (GlueCase c : glue_cases()) {
    SCOPED_TRACE(c.task);
    const std::string files = data(c.files);
    const Outcome trained = finetune({"--task", c.task, "--data_dir", files});
    ASSERT_EQ(trained.code, 0) << trained.err;
    c.results.insert("epoch");
    EXPECT_EQ(keys_of(results()), c.results);
    if (c.task == "qqp") {
      EXPECT_NE(trained.out.find("qqp: 2 examples"), std::string::npos) << trained.out;
      EXPECT_TRUE(trained.says("train.tsv: left out 1 rows with too few columns"));
    }
    const Outcome predicted =
        predict({"--task", c.task, "--data_dir", files, "--output_dir", folder / "predictions"});
    ASSERT_EQ(predicted.code, 0) << predicted.err;
    for (const auto& [names, values] : c.predicted) {
      const Names by_name = predictions(folder.path() / "predictions" / names),
                  by_value = predictions(folder.path() / "predictions" / values);
      ASSERT_FALSE(by_name.empty());
      ASSERT_EQ(by_name.size(), by_value.size());
      for (size_t i = 0; i < by_name.size() && !c.names.empty(); ++i) {
        EXPECT_TRUE(c.names.contains(by_name[i])) << by_name[i];
        EXPECT_TRUE(c.values.contains(by_value[i])) << by_value[i];
      }
      if (c.names.empty()) {
        EXPECT_EQ(by_name[0].find('.') + 4, by_name[0].size()) << by_name[0];
      }
    }
  }
}

TEST_F(Glue, WhatPredictWritesOfADevelopmentFileScoresAsFinetuneDid) {
  for (const GlueCase& c : glue_cases()) {
    if (c.task == "qqp" || c.task == "mnli") continue;  // a row is left out; two files
    SCOPED_TRACE(c.task);
    const std::string files = data(c.files), dev = files + "/dev.tsv";
    ASSERT_EQ(finetune({"--task", c.task, "--data_dir", files}).code, 0);
    const json evaluated = results();
    ASSERT_EQ(predict({"--task", c.task, "--input", dev, "--output_dir", folder / "p"}).code, 0);
    ASSERT_EQ(predict({"--task", c.task, "--input", dev, "--output", folder / "p.jsonl"}).code, 0);
    for (const auto& [names, values] : c.predicted)
      for (const std::string& file : {"p/" + names, "p/" + values, std::string("p.jsonl")}) {
        const Outcome r = run_albert(
            {"eval", "--json", "--task", c.task, "--gold", dev, "--predictions", folder / file});
        ASSERT_EQ(r.code, 0) << r.err;
        const json scores = json::parse(r.out);
        for (const auto& [key, value] : evaluated.items()) {
          const std::string name = key.substr(key.find('_') + 1);
          if (!scores.contains(name) || value.is_null()) continue;
          EXPECT_NEAR(scores[name].get<double>(), value.get<double>(), 1e-3) << file << " " << name;
        }
      }
  }
}

TEST_F(Glue, TheDiagnosticSetGoesThroughAModelOfMnli) {
  std::map<std::string, std::string> files = glue_cases()[5].files;
  files["diagnostic.tsv"] =
      rows("index\tsentence1\tsentence2", {{"0", kOdd, kQuote}, {"1", "a", "b"}});
  const std::string at = data(files);
  ASSERT_EQ(finetune({"--task", "mnli", "--data_dir", at}).code, 0);
  const Outcome r = predict({"--task", "ax", "--data_dir", at, "--output_dir", folder / "p"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(predictions(folder.path() / "p/AX.tsv").size(), 2U);
  const Outcome trained = finetune({"--task", "ax", "--data_dir", at});
  EXPECT_EQ(trained.code, 2);
  EXPECT_TRUE(trained.says("--task ax: found a task that is for predict and eval alone"));
  files.erase("dev_mismatched.tsv");
  const Outcome half = finetune({"--task", "mnli", "--data_dir", data(files)});
  EXPECT_EQ(half.code, 0);
  EXPECT_TRUE(half.says("dev_mismatched.tsv: no such file, not evaluated")) << half.err;
}

TEST_F(Glue, MicrosoftsLayoutOfMrpcIsKnown) {
  const auto files = glue_cases()[2].files;
  const std::string at = data({{"msr_paraphrase_train.txt", files.at("train.tsv")},
                               {"msr_paraphrase_test.txt", files.at("dev.tsv")}});
  const Outcome r = finetune({"--task", "mrpc", "--data_dir", at});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(results()["eval_samples"], 2);
  EXPECT_EQ(predict({"--task", "mrpc", "--input", at + "/msr_paraphrase_test.txt", "--output_dir",
                     folder / "p"})
                .code,
            0);
  EXPECT_EQ(predictions(folder.path() / "p/MRPC.tsv").size(), 2U);
}

TEST_F(Glue, OwnDataIsReadFromEveryFormat) {
  const std::string csv = "text,label\n\"one, \"\"two\"\"\",true\nthree,false\n",
                    lines =
                        "{\"text\": \"one, \\\"two\\\"\", \"label\": true}\n"
                        "{\"text\": \"three\", \"label\": false}\n",
                    tsv = "text\tlabel\none, \"two\"\ttrue\nthree\tfalse\n";
  std::set<std::string> hashes;
  for (const auto& [name, bytes] :
       std::map<std::string, std::string>{{"a.csv", csv}, {"a.jsonl", lines}, {"a.tsv", tsv}}) {
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

TEST_F(Glue, LabelSetsAndNumbersAreLearnedAndPredicted) {
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

TEST_F(Glue, BadFilesAreRefusedByTheirLine) {
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

TEST_F(Glue, ACollapsedRunIsToldOf) {
  const std::string file = data({{"a.tsv", "text\tlabel\na\tx\nb\ty\nc\tx\n"}}) + "/a.tsv";
  write_classifier(folder / "model", {{5, 0}, {"x", "y"}}, kSpiece);
  const Outcome r = finetune({"--task", "classify", "--train_file", file, "--validation_file", file,
                              "--model_name_or_path", folder / "model", "--learning_rate", "1e-9"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("warning: every prediction is \"x\": the run has collapsed")) << r.err;
}

TEST_F(Glue, ARecipeSetsWhatTheUserDoesNot) {
  const std::string files = data(glue_cases()[7].files);
  const Outcome r = finetune({"--task", "rte", "--data_dir", files, "--recipe", "paper",
                              "--max_seq_length", "40", "--eval_steps", "1"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("recipe paper (the ALBERT paper, table 14"), std::string::npos) << r.out;
  const json args = json::parse(read_bytes(folder / "out/args.json"));
  EXPECT_EQ(args["recipe"], "paper");
  EXPECT_EQ(args["learning_rate"], 1e-4);  // the user's, as are the next two
  EXPECT_EQ(args["max_steps"], 2);
  EXPECT_EQ(args["max_seq_length"], 40);
  EXPECT_EQ(args["warmup_steps"], 200);
  EXPECT_EQ(args["lr_scheduler_type"], "google");
  EXPECT_EQ(args["hidden_dropout_prob"], 0.1);
  EXPECT_EQ(args["load_best_model_at_end"], true);
  EXPECT_EQ(AlbertConfig::from_file(folder / "out/config.json").hidden_dropout_prob, 0.1);
  const Outcome none = finetune({"--task", "wnli", "--data_dir", files, "--recipe", "google"});
  EXPECT_EQ(none.code, 2);
  EXPECT_TRUE(
      none.says("--recipe google: found none for the task wnli, wanted one of "
                "huggingface, paper"))
      << none.err;
  const Outcome epochs = run_albert({"finetune", "--task", "rte", "--recipe", "google",
                                     "--num_train_epochs", "2", "--dump_config"});
  EXPECT_EQ(json::parse(epochs.out)["max_steps"], 0);
}

TEST_F(Glue, TheBestCheckpointIsChosenByAnyMetric) {
  const std::string files = data(glue_cases()[2].files);
  const Names common = {
      "--task", "mrpc", "--data_dir", files, "--eval_steps", "1", "--load_best_model_at_end"};
  const auto with = [&](Names more) {
    more.insert(more.end(), common.begin(), common.end());
    return finetune(more);
  };
  EXPECT_EQ(with({"--metric_for_best_model", "eval_f1"}).code, 0);
  EXPECT_EQ(with({"--metric_for_best_model", "loss", "--early_stopping_patience", "1"}).code, 0);
  const Outcome r = with({"--metric_for_best_model", "f2"});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("--metric_for_best_model: found f2, wanted one of loss, accuracy, f1"));
  EXPECT_TRUE(with({"--metrics", "f2"}).says("--metrics: found \"f2\", wanted one of accuracy"));
  EXPECT_TRUE(finetune({"--task", "mrpc", "--data_dir", files, "--early_stopping_patience", "1"})
                  .says("--early_stopping_patience needs --eval_steps"));
}

}  // namespace
}  // namespace albert::testing
