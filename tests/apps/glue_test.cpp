// Every task of GLUE from files in its official layout: what finetune evaluates, what predict
// writes, and that eval scores it.
#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;

class Glue : public TaskRuns {
 protected:
  Glue() : TaskRuns(ALBERT_GOLDEN_DIR) {}
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
  Files files = mnli_case().files;
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
  const auto files = mrpc_case().files;
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

TEST_F(Glue, TheFilesOfAllTasksArePackedAsTheSiteTakesThem) {
  const std::string at = data(mrpc_case().files);
  ASSERT_EQ(finetune({"--task", "mrpc", "--data_dir", at}).code, 0);
  const Names run = {"--task", "mrpc", "--data_dir", at, "--output_dir", folder / "p"};
  ASSERT_EQ(predict(run).code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "p/submission.zip")) << "ten files are missing";
  for (const char* name :
       {"AX", "CoLA", "MNLI-m", "MNLI-mm", "QNLI", "QQP", "RTE", "SST-2", "STS-B", "WNLI"})
    write_bytes(folder / "p" / (std::string(name) + ".tsv"), "index\tprediction\n0\t1\n");
  const Outcome r = predict(run);
  EXPECT_NE(r.out.find("submission.zip: the 11 files that GLUE's site takes"), std::string::npos)
      << r.out << r.err;
  const std::string zip = read_bytes(folder / "p/submission.zip");
  EXPECT_TRUE(zip.starts_with("PK\3\4"));
  EXPECT_NE(zip.find("MNLI-mm.tsv"), std::string::npos);
  EXPECT_NE(zip.find("MRPC.tsv"), std::string::npos);
}

TEST_F(Glue, MicrosoftsLayoutOfMrpcIsSplitAsGlueDoes) {
  std::string train =
      rows("Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", {{"1", "1", "2", "a b", "b a"},
                                                           {"0", "1", "3", "a", "c"},
                                                           {"1", "2", "1", "b", "d"},
                                                           {"0", "4", "5", "c", "e"},
                                                           {"1", "6", "7", "d", "d"}});
  Files files = {{"msr_paraphrase_train.txt", train},
                 {"msr_paraphrase_test.txt", mrpc_case().files.at("dev.tsv")}};
  const Outcome all = finetune({"--task", "mrpc", "--data_dir", data(files)});
  EXPECT_NE(all.out.find("mrpc: 5 examples"), std::string::npos) << all.out;
  EXPECT_TRUE(all.says("dev_ids.tsv: no such file, so that all rows are trained on")) << all.err;
  files["dev_ids.tsv"] = "1\t3\r\n6\t7\n";
  const std::string at = data(files);
  const Outcome r = finetune({"--task", "mrpc", "--data_dir", at});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("mrpc: 3 examples"), std::string::npos) << r.out;
  EXPECT_EQ(results()["eval_samples"], 2);
  EXPECT_TRUE(results()["eval_accuracy"] == 0.5) << "one label of each";
  ASSERT_EQ(predict({"--task", "mrpc", "--data_dir", at, "--output_dir", folder / "p"}).code, 0);
  EXPECT_EQ(predictions(folder.path() / "p/MRPC.tsv").size(), 2U);
  for (const auto& [list, why] : std::map<std::string, std::string>{
           {"1\t3\n1\t3\n", "dev_ids.tsv:2: found \"1\\x093\" again, wanted each row once"},
           {"1\n", "dev_ids.tsv:1: found 1 columns, wanted #1 ID, #2 ID"},
           {"1\t3\n3\t1\n", "dev_ids.tsv: found 2 rows, of which "}}) {
    files["dev_ids.tsv"] = list;
    const Outcome bad = finetune({"--task", "mrpc", "--data_dir", data(files)});
    EXPECT_EQ(bad.code, 65);
    EXPECT_TRUE(bad.says(why)) << bad.err;
  }
}

TEST_F(Glue, ARecipeSetsWhatTheUserDoesNot) {
  const std::string files = data(rte_case().files);
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
  const std::string files = data(mrpc_case().files);
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
