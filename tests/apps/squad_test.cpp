// Question answering through the commands: eval, finetune, predict on files of SQuAD's form.
#include "albert/tokenizer/utf8.h"
#include "tests/support/answerers.h"
#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class Squad : public TaskFolder {
 protected:
  Squad() {
    write_bytes(folder / "v1.json", squad_file(false));
    write_bytes(folder / "v2.json", squad_file(true));
  }
  Outcome eval(const std::string& task, const std::string& predictions,
               const Names& more = {}) const {
    write_bytes(folder / "p.json", predictions);
    return eval_files(task, "p.json", task == "squad2" ? "v2.json" : "v1.json", more);
  }
  // On a file that is also the one to evaluate.
  Outcome finetune(const std::string& task, const std::string& out, const Names& more) const {
    const std::string file = folder / (task == "squad2" ? "v2.json" : "v1.json");
    const Names small = {"--train_file",         file,
                         "--validation_file",    file,
                         "--model_name_or_path", folder / "model",
                         "--max_seq_length",     "32",
                         "--doc_stride",         "8",
                         "--max_query_length",   "10"};
    return finetune_task(task, out, small + more);
  }
  void write_model() const { write_answerer(folder / "model", kSpiece); }
  void write_google_model() const {
    write_answerer<AlbertForQuestionAnsweringBeamSearch>(folder / "model", kSpiece);
  }
  // What is right, as a file of predictions.
  json right(const std::string& name) const {
    json answers = json::object();
    const json file = parsed(name);
    for (const json& paragraph : file["data"][0]["paragraphs"])
      for (const json& qa : paragraph["qas"])
        answers[qa["id"]] = qa["answers"].empty() ? json("") : qa["answers"][0]["text"];
    return answers;
  }
  // Of the last evaluation.
  double last_f1(const std::string& run) const {
    double f1 = -1;
    std::istringstream lines(read_bytes(folder / run / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) f1 = json::parse(line).value("eval_f1", f1);
    return f1;
  }
};

TEST_F(Squad, EvalCountsAsTheOfficialScripts) {
  json predictions = right("v1.json");
  predictions["q0-0"] = "the harpoon!";
  predictions["q0-1"] = "a bright oar";
  predictions["q3-3"] = "";
  predictions["of another file"] = "x";
  const Outcome r = eval("squad1", predictions.dump(), {"--json"});
  ASSERT_EQ(r.code, 0) << r.err;
  const json scores = json::parse(r.out);
  EXPECT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores["exact_match"], 100.0 * 14 / 16);
  EXPECT_EQ(scores["f1"], 100.0 * (14 + (2 * 0.5 * 1) / 1.5) / 16);
  EXPECT_EQ(eval("squad1", right("v1.json").dump()).out, "exact_match 100\nf1 100\n");
}

TEST_F(Squad, EvalOfVersion2TellsQuestionsWithAndWithoutAnswersApart) {
  json predictions = right("v2.json");
  predictions["n0"] = "a lamp";
  predictions["q0-0"] = "";
  json scores = json::parse(eval("squad2", predictions.dump(), {"--json"}).out);
  EXPECT_EQ(scores["exact"], 90.0);
  EXPECT_EQ(scores["total"], 20);
  EXPECT_EQ(scores["HasAns_f1"], 100.0 * 15 / 16);
  EXPECT_EQ(scores["HasAns_total"], 16);
  EXPECT_EQ(scores["NoAns_exact"], 75.0);
  EXPECT_FALSE(scores.contains("best_f1"));
  json odds = json::object();
  for (const auto& [id, answer] : predictions.items()) odds[id] = answer == "" ? 0.5 : 0.25;
  odds["n0"] = 2;
  write_bytes(folder / "odds.json", odds.dump());
  scores = json::parse(
      eval("squad2", predictions.dump(), {"--json", "--na_prob_file", folder / "odds.json"}).out);
  EXPECT_EQ(scores["exact"], 95.0) << "n0 is above na_prob_thresh";
  EXPECT_EQ(scores["best_exact"], 95.0);
  EXPECT_EQ(scores["best_exact_thresh"], 0.25);
}

TEST_F(Squad, EvalRefusesWhatLacksOrDoublesIds) {
  json predictions = right("v1.json");
  predictions.erase("q1-2");
  predictions.erase("q2-0");
  Outcome r = eval("squad1", predictions.dump());
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("p.json: found no entry for 2 of the questions of ")) << r.err;
  EXPECT_TRUE(r.says("the first is \"q1-2\"")) << r.err;
  r = eval("squad1", R"({"q0-0": "x", "q0-0": "y"})");
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("p.json:1:20: the key \"q0-0\" is there twice")) << r.err;
  predictions = right("v1.json");
  predictions["q0-1"] = 7;
  r = eval("squad1", predictions.dump());
  EXPECT_TRUE(r.says("p.json: q0-1: found the number 7, wanted a string")) << r.err;
  EXPECT_EQ(eval("squad1", "[]").code, 65);
  write_bytes(folder / "odds.json", "{\"q0-0\": 1}");
  r = eval("squad2", right("v2.json").dump(), {"--na_prob_file", folder / "odds.json"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("odds.json: found no entry for 19 of the questions")) << r.err;
  write_bytes(folder / "v1.json", squad_file(true));
  EXPECT_TRUE(eval("squad1", right("v1.json").dump()).says("qas[4]: found no answers"));
}

TEST_F(Squad, AModelLearnsToAnswer) {
  write_model();
  const Names learn = {"--max_steps", "300", "--learning_rate", "3e-3", "--quiet"};
  for (const std::string task : {"squad1", "squad2"}) {
    const Outcome r = finetune(task, task, learn);
    ASSERT_EQ(r.code, 0) << r.err;
    EXPECT_GT(last_f1(task), 80);
  }
}

TEST_F(Squad, GooglesHeadLearnsAndIsRemembered) {
  write_model();
  const Names learn = {"--max_steps", "300", "--learning_rate", "3e-3", "--quiet"};
  Outcome r = finetune("squad2", "g", learn + Names{"--qa_head", "google"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_GT(last_f1("g"), 80);
  const json results = parsed("g/eval_results.json");
  EXPECT_GE(results["eval_best_f1"], results["eval_f1"]);
  EXPECT_EQ(parsed("g/config.json")["architectures"][0], "AlbertForQuestionAnsweringBeamSearch");
  r = run_albert({"predict", "--model", folder / "g", "--input", folder / "v2.json", "--output_dir",
                  folder / "out", "--version_2_with_negative", "--max_seq_length", "32",
                  "--doc_stride", "8", "--max_query_length", "10"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(parsed("out/eval_results.json")["f1"], results["eval_f1"]);
  const json n_best = parsed("out/nbest_predictions_.json");
  EXPECT_TRUE(n_best["q0-0"][0].contains("start_log_prob"));
  EXPECT_FALSE(n_best["n0"][0]["text"].get<std::string>().empty()) << "the best all the same";
  EXPECT_GT(parsed("out/null_odds_.json")["n0"], 0);
  // It goes on as what it is.
  r = finetune("squad2", "more", {"--max_steps", "1", "--model_name_or_path", folder / "g"});
  EXPECT_EQ(r.err.find("starts at random"), std::string::npos) << r.err;
  r = finetune(
      "squad2", "other",
      {"--max_steps", "1", "--model_name_or_path", folder / "g", "--qa_head", "transformers"});
  EXPECT_NE(r.err.find("starts at random: qa_outputs.weight"), std::string::npos) << r.err;
  r = finetune("squad2", "odd", {"--max_steps", "1", "--qa_head", "googel"});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("--qa_head: found googel, wanted google or transformers")) << r.err;
}

TEST_F(Squad, GooglesHeadGoesOnToTheSameBits) {
  write_google_model();
  stop_and_resume("checkpoint-12", [&](const std::string& out, const Names& more) {
    return finetune("squad2", out, Names{"--max_steps", "14", "--save_steps", "3"} + more);
  });
}

// Google's folders name no head: their variables do.
TEST_F(Squad, GooglesFoldersAnswerWithTheirTask) {
  write_google_model();
  const Names files = {"--input", folder / "v2.json", "--task", "squad2"};
  const Outcome named = run_albert(predict(files + Names{"--output_dir", folder / "a"}));
  ASSERT_EQ(named.code, 0) << named.err;
  json config = parsed("model/config.json");
  config.erase("architectures");
  write_bytes(folder / "model/config.json", config.dump());
  const Outcome nameless = run_albert(predict(files + Names{"--output_dir", folder / "b"}));
  ASSERT_EQ(nameless.code, 0) << nameless.err;
  EXPECT_EQ(read_bytes(folder / "a/nbest_predictions_.json"),
            read_bytes(folder / "b/nbest_predictions_.json"));
}

TEST_F(Squad, TrainingIsToldInQuestionsAndWindowsAndGoesOnToTheSameBits) {
  write_model();
  // In the second epoch of 10 updates.
  const Outcome whole =
      stop_and_resume("checkpoint-12", [&](const std::string& out, const Names& more) {
        return finetune("squad2", out, Names{"--max_steps", "14", "--save_steps", "3"} + more);
      });
  EXPECT_NE(whole.out.find("squad2: 20 questions in 40 windows, "), std::string::npos) << whole.out;
}

TEST_F(Squad, PredictWritesTheFilesOfRunQa) {
  write_model();
  const Outcome r =
      run_albert(predict({"--input", folder / "v2.json", "--output_dir", folder / "out",
                          "--version_2_with_negative", "--n_best_size", "5"}));
  ASSERT_EQ(r.code, 0) << r.err;
  const json predictions = parsed("out/predictions_.json"),
             n_best = parsed("out/nbest_predictions_.json"), odds = parsed("out/null_odds_.json"),
             results = parsed("out/eval_results.json");
  EXPECT_EQ(predictions.size(), 20U);
  ASSERT_EQ(n_best.size(), 20U);
  for (const auto& [id, candidates] : n_best.items()) {
    EXPECT_LE(candidates.size(), 6U);
    EXPECT_TRUE(odds[id].is_number());
    for (const char* key : {"text", "start_logit", "end_logit", "probability"})
      EXPECT_TRUE(candidates[0].contains(key)) << key;
  }
  // The scores are those that eval gives the same files.
  const Outcome scored = eval("squad2", predictions.dump(), {"--json"});
  const json again = json::parse(scored.out);
  for (const auto& [name, value] : again.items()) EXPECT_EQ(results[name], value) << name;
  EXPECT_TRUE(results.contains("best_f1_thresh"));
  EXPECT_NE(r.out.find("HasAns_f1 "), std::string::npos);
}

TEST_F(Squad, PredictAnswersWhatNobodyHasAnsweredAndWritesNoScores) {
  write_model();
  write_bytes(folder / "new.json",
              R"({"data": [{"paragraphs": [{"context": "Ann saw \u00C4gir.", "qas":
                 [{"id": "\u00E9", "question": "Who?"}]}]}]})");
  const Outcome r =
      run_albert(predict({"--input", folder / "new.json", "--output_dir", folder / "out"}));
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out, "");
  EXPECT_EQ(parsed("out/predictions_.json").size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/eval_results.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/null_odds_.json"));
  EXPECT_TRUE(read_bytes(folder / "out/predictions_.json").starts_with("{\n    \"\\u00e9\": \""));
}

TEST_F(Squad, PredictReadsQuestionsFromLinesInTheirOrder) {
  write_model();
  const std::string bytes =
      "{\"question\": \"Who saw Bob?\", \"context\": \"\u00C4nn saw Bob.\"}\n"
      "{\"question\": \"Who?\"}\n"
      "Who saw Bob?\n"
      "{\"question\": \"Who?\", \"context\": \" \"}\n"
      "{\"question\": \"Who?\", \"context\": \"Bob\"}\n";
  write_bytes(folder / "stdin", bytes);
  write_bytes(folder / "in.jsonl", bytes);
  const Outcome piped = run_albert_on(folder / "stdin", ALBERT_PROGRAM, predict({}));
  EXPECT_EQ(piped.code, 65);
  EXPECT_TRUE(piped.says("3 lines could not be read")) << piped.err;
  const auto lines = piped.json_lines();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1]["error"], "found \"question\", wanted \"context\"");
  EXPECT_TRUE(lines[2].contains("error"));
  EXPECT_EQ(lines[3]["error"], "the context is empty");
  EXPECT_EQ(lines[4]["answer"], "Bob");
  EXPECT_EQ(lines[4]["start"], 0);
  EXPECT_EQ(lines[4]["end"], 3);
  const int64_t begin = lines[0]["start"], end = lines[0]["end"];
  EXPECT_EQ(lines[0]["answer"], code_points("\u00C4nn saw Bob.", begin, end));
  EXPECT_GT(lines[0]["score"], 0);
  write_bytes(folder / "in.tsv", "q\tcontext\nWho?\tBob\n");
  const Outcome table =
      run_albert(predict({"--input", folder / "in.tsv", "--question_column", "q"}));
  EXPECT_EQ(table.json_lines().at(0), lines[4]) << table.err;
}

TEST_F(Squad, FilesAndFoldersThatDoNotBelongTogetherAreRefused) {
  write_model();
  const std::string file = folder / "v1.json", out = folder / "out";
  Outcome r = run_albert(predict({"--input", file}));
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(r.says("an official file needs --output_dir")) << r.err;
  EXPECT_EQ(run_albert(predict({"--output_dir", out})).code, 2);
  EXPECT_EQ(run_albert(predict({"--input", file, "--output_dir", out, "--output", "x"})).code, 2);
  EXPECT_EQ(run_albert(predict({"--input", file, "--output_dir", "/proc/x"})).code, 74);
  EXPECT_EQ(run_albert(predict({"--input", file, "--output_dir", out, "--n_best_size", "0"})).code,
            2);
  EXPECT_EQ(run_albert(predict({"--input", folder / "none", "--output_dir", out})).code, 66);
  EXPECT_EQ(finetune("squad1", "out", {"--max_steps", "1", "--doc_stride", "19"}).code, 2);
  write_bytes(folder / "v1.json", squad_file(true));
  r = finetune("squad1", "out", {"--max_steps", "1"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("questions without answers are for squad2")) << r.err;
  write_classifier(folder / "model", {{1, 2}}, kSpiece);
  r = run_albert(predict({"--input", file, "--output_dir", out}));
  EXPECT_EQ(r.code, 65);  // a classifier's files are tables
  EXPECT_TRUE(r.says("v1.json:1: found the columns ")) << r.err;
}

}  // namespace
}  // namespace albert::testing
