// Multiple choice through the commands: finetune, predict, eval on files of RACE's and SWAG's form.
#include <algorithm>

#include "tests/support/choosers.h"
#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

constexpr const char* kPeople[] = {"Ahab", "Queequeg", "Ishmael", "Starbuck"};
constexpr const char* kThings[] = {"harpoon", "lamp", "oar", "rope"};

// An article in which one person holds a thing, and a question about it, in RACE's form.
json article_of(const std::string& level, int number) {
  const std::string person = kPeople[number % 4];
  return {{"id", level + std::to_string(number) + ".txt"},
          {"article", person + " holds a " + kThings[number % 3] + "."},
          {"questions", {person + " holds a _ .", "What does " + person + " hold?"}},
          {"options", {{"harpoon", "lamp", "oar", "rope"}, {"rope", "oar", "lamp", "harpoon"}}},
          {"answers",
           {std::string(1, static_cast<char>('A' + number % 3)),
            std::string(1, static_cast<char>('D' - number % 3))}}};
}

class Choice : public TaskFolder {
 protected:
  Choice() {
    for (const std::string split : {"train", "dev", "test"})
      for (const std::string level : {"middle", "high"}) {
        fs::create_directories(folder / "RACE" / split / level);
        for (int i = 0; i < 3; ++i)
          write_bytes(folder / "RACE" / split / level / (std::to_string(i) + ".txt"),
                      article_of(level, level == "high" ? i + 3 : i).dump());
      }
    write_bytes(folder / "swag.csv", swag(true));
    write_bytes(folder / "test.csv", swag(false));
  }
  static std::string swag(bool labelled) {
    std::string file =
        "video-id,fold-ind,startphrase,sent1,sent2,gold-source,ending0,ending1,"
        "ending2" +
        std::string(labelled ? ",label\n" : "\n");
    for (int i = 0; i < 5; ++i)
      file += std::string("v,1,x,\"") + kPeople[i % 4] +
              " sits, \"\"so\"\".\",He,gold,rows,sings,sleeps" +
              (labelled ? "," + std::to_string(i % 3) : "") + "\n";
    return file;
  }
  Outcome finetune(const std::string& task, const std::string& out, const Names& more) const {
    const Names small = {"--model_name_or_path", folder / "model",
                         "--max_seq_length",     "32",
                         "--max_qa_length",      "16"};
    return finetune_task(task, out, small + more);
  }
  Outcome race(const std::string& out, const Names& more) const {
    return finetune("race", out, Names{"--data_dir", folder / "RACE"} + more);
  }
  void write_model() const { write_chooser(folder / "model", kSpiece); }
};

TEST_F(Choice, AModelLearnsToChoose) {
  write_model();
  const Outcome r = race("out", {"--max_steps", "200", "--learning_rate", "3e-3", "--quiet"});
  ASSERT_EQ(r.code, 0) << r.err;
  const json results = parsed("out/eval_results.json");
  EXPECT_GT(results["eval_accuracy"], 0.9);
  EXPECT_GT(results["eval_accuracy_middle"], 0.8);
  EXPECT_GT(results["eval_accuracy_high"], 0.8);
  EXPECT_EQ(results["eval_samples"], 12);
  // A trained head goes on.
  const Outcome again = run_albert({"finetune", "--task", "race", "--data_dir", folder / "RACE",
                                    "--model_name_or_path", folder / "out", "--output_dir",
                                    folder / "again", "--max_steps", "1", "--learning_rate", "1e-9",
                                    "--threads", "1", "--device", "cpu"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(parsed("again/eval_results.json")["eval_accuracy"], results["eval_accuracy"]);
  EXPECT_EQ(again.err.find("starts at random"), std::string::npos) << again.err;
}

TEST_F(Choice, TheBestCheckpointIsTheOneOfTheHighestAccuracy) {
  write_model();
  const Outcome r = race("out", {"--max_steps", "40", "--learning_rate", "3e-3", "--eval_steps",
                                 "5", "--load_best_model_at_end"});
  ASSERT_EQ(r.code, 0) << r.err;
  double best = 0;
  std::istringstream lines(read_bytes(folder / "out/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);)
    best = std::max(best, json::parse(line).value("eval_accuracy", 0.0));
  EXPECT_EQ(parsed("out/eval_results.json")["eval_accuracy"], best);
}

TEST_F(Choice, LevelsAreChosenByNameOrByGooglesFlags) {
  write_model();
  const Outcome both = race("a", {"--max_steps", "1"});
  ASSERT_EQ(both.code, 0) << both.err;
  EXPECT_NE(both.out.find("race: 12 questions of 4 options (0 truncated"), std::string::npos)
      << both.out;
  const Outcome middle = race("b", {"--max_steps", "1", "--level", "middle"});
  EXPECT_NE(middle.out.find("race: 6 questions"), std::string::npos) << middle.out;
  EXPECT_FALSE(parsed("b/eval_results.json").contains("eval_accuracy_high"));
  EXPECT_TRUE(parsed("b/eval_results.json").contains("eval_accuracy_middle"));
  const Outcome high = race("c", {"--max_steps", "1", "--high_only"});
  EXPECT_TRUE(parsed("c/eval_results.json").contains("eval_accuracy_high")) << high.err;
  EXPECT_EQ(race("d", {"--max_steps", "1", "--high_only", "--middle_only"}).code, 2);
  EXPECT_TRUE(race("d", {"--level", "low"}).says("--level low: wanted one of middle, high, both"));
  // The folder that holds RACE does as well, as in Google's script.
  const Outcome above = finetune("race", "e", {"--data_dir", folder.path(), "--max_steps", "1"});
  EXPECT_EQ(above.code, 0) << above.err;
}

TEST_F(Choice, TrainingGoesOnToTheSameBitsAndAccumulationDividesByAllQuestions) {
  write_model();
  // In the third epoch of 3 updates.
  stop_and_resume("checkpoint-8", [&](const std::string& out, const Names& more) {
    const Names settings = {"--max_steps",
                            "10",
                            "--save_steps",
                            "4",
                            "--learning_rate",
                            "1e-3",
                            "--warmup_steps",
                            "0",
                            "--gradient_accumulation_steps",
                            "2"};
    return race(out, settings + more);
  });
}

// The model takes the first option of every question, by next to nothing.
TEST_F(Choice, TheReportHasLevelsOptionsAndTheWorstQuestions) {
  write_model();
  ASSERT_EQ(race("out", {"--max_steps", "1", "--learning_rate", "1e-12"}).code, 0);
  auto shown = tables("out");
  ASSERT_EQ(shown.size(), 4U);
  const json results = parsed("out/eval_results.json"), levels = shown["by level"];
  ASSERT_EQ(levels.size(), 3U);
  for (const auto& [row, name, metric] :
       {std::tuple(0, "all", "eval_accuracy"), std::tuple(1, "middle", "eval_accuracy_middle"),
        std::tuple(2, "high", "eval_accuracy_high")}) {
    EXPECT_EQ(levels[row][0], name);
    EXPECT_EQ(levels[row][1], row == 0 ? "12" : "6");
    EXPECT_EQ(levels[row][2], "4");
    EXPECT_NEAR(std::stod(levels[row][3].get<std::string>()), results[metric].get<double>(), 5e-4);
    EXPECT_EQ(levels[row][4], "0.250");
  }
  // Of 12 questions 2 or 4 have each option as the right one.
  const json options = shown["by the right option"],
             confusion = shown["which option is taken for which"];
  int chosen = 0, right = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(options[i][0], std::string(1, static_cast<char>('A' + i)));
    int of_row = 0;
    for (int j = 1; j <= 4; ++j) of_row += std::stoi(confusion[i][j].get<std::string>());
    EXPECT_EQ(options[i][1], std::to_string(of_row));
    right += of_row;
    chosen += std::stoi(options[i][2].get<std::string>());
  }
  EXPECT_EQ(right, 12);
  EXPECT_EQ(chosen, 12);
  const json worst = shown["most wrong"];
  ASSERT_EQ(worst.size(), 12U);
  EXPECT_NE(worst[0][0].get<std::string>().find(" holds a "), std::string::npos) << worst[0];
  const std::string of_right = worst[0][1];  // "B (0.249): What does Ahab hold? oar"
  const double p = std::stod(of_right.substr(3, 5));
  EXPECT_NEAR(std::stod(worst[0][3].get<std::string>()), -std::log(p), 0.01) << of_right;
  EXPECT_GE(std::stod(worst[0][3].get<std::string>()), std::stod(worst[11][3].get<std::string>()));
}

TEST_F(Choice, OtherDataIsAnotherRun) {
  write_model();
  ASSERT_EQ(race("out", {"--max_steps", "2", "--save_steps", "1"}).code, 0);
  json other = article_of("high", 3);
  std::string text = other["article"];
  text.back() = '!';
  other["article"] = text;
  write_bytes(folder / "RACE/train/high/0.txt", other.dump());
  EXPECT_EQ(race("out", {"--max_steps", "3", "--save_steps", "1"}).code, 78);
}

TEST_F(Choice, PredictWritesTheFilesAndScoresOfAFolderOfRace) {
  write_model();
  const Outcome r = run_albert(
      predict({"--task", "race", "--input", folder / "RACE/dev", "--output_dir", folder / "out"}));
  ASSERT_EQ(r.code, 0) << r.err;
  const std::string table = read_bytes(folder / "out/predict_results_race.txt");
  EXPECT_TRUE(table.starts_with("index\tprediction\n0\t")) << table;
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 13);
  EXPECT_NE(std::string("ABCD").find(table[19]), std::string::npos) << table;
  const json results = parsed("out/eval_results.json");
  EXPECT_EQ(results["examples_middle"], 6);
  for (const std::string file : {"out/predict_results_race.txt", "out/predictions.jsonl"}) {
    const Outcome scored = eval_files("race", file, "RACE/dev", {"--json"});
    EXPECT_EQ(scored.code, 0) << scored.err;
    EXPECT_EQ(json::parse(scored.out), results) << file;
  }
  // Without --output_dir it would be lines.
  EXPECT_TRUE(run_albert(predict({"--input", folder / "RACE/dev"})).says("needs --output_dir"));
  // Test files of the task, by its folder.
  EXPECT_EQ(run_albert(predict({"--task", "race", "--data_dir", folder / "RACE", "--output_dir",
                                folder / "test", "--level", "high"}))
                .code,
            0);
  EXPECT_EQ(parsed("test/eval_results.json")["examples"], 6);
}

TEST_F(Choice, SwagIsTrainedOnAndPredictedWithAndWithoutLabels) {
  write_model();
  const Outcome r = finetune("choice", "out",
                             {"--train_file", folder / "swag.csv", "--validation_file",
                              folder / "swag.csv", "--max_steps", "2"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("choice: 5 questions of 3 options"), std::string::npos) << r.out;
  ASSERT_EQ(run_albert(predict({"--task", "choice", "--input", folder / "test.csv", "--output_dir",
                                folder / "p"}))
                .code,
            0);
  EXPECT_FALSE(fs::exists(folder / "p/eval_results.json"));
  const std::string table = read_bytes(folder / "p/predict_results_choice.txt");
  EXPECT_TRUE(table[19] >= '0' && table[19] <= '2') << table;
  const Outcome lines = run_albert(predict({"--task", "choice", "--input", folder / "test.csv"}));
  EXPECT_EQ(lines.out, read_bytes(folder / "p/predictions.jsonl")) << lines.err;
  EXPECT_EQ(eval_files("choice", "p/predict_results_choice.txt", "swag.csv", {}).code, 0);
}

TEST_F(Choice, PredictReadsQuestionsFromLinesInTheirOrder) {
  write_model();
  write_bytes(folder / "stdin",
              R"({"context": "Ann saw Bob.", "question": "Who saw _ ?", "options": ["Ann", "Bob"]})"
              "\n"
              R"({"context": "Ann saw Bob.", "question": "Who?"})"
              "\nWho saw Bob?\n"
              R"({"context": "Ann.", "question": "Who?", "options": ["Ann"]})"
              "\n"
              R"({"context": " ", "question": "Who?", "options": ["Ann", "Bob"]})"
              "\n"
              R"({"article": "Ann", "question": "Who?", "choices": ["Ann", "Bob", "x"]})"
              "\n"
              R"({"sent1": "Ann.", "sent2": "She", "ending0": "sits", "ending1": "sings"})"
              "\n");
  const Outcome piped = run_albert_on(folder / "stdin", ALBERT_PROGRAM, predict({}));
  EXPECT_EQ(piped.code, 65);
  EXPECT_TRUE(piped.says("4 lines could not be read")) << piped.err;
  const auto lines = piped.json_lines();
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[1]["error"], "found \"context\", \"question\", wanted \"options\"");
  EXPECT_TRUE(lines[2].contains("error"));
  EXPECT_EQ(lines[3]["error"], "found 1 options, wanted 2 or more");
  EXPECT_EQ(lines[4]["error"], "\"context\": found an empty text, wanted one with words");
  EXPECT_EQ(lines[5]["probabilities"].size(), 3U);
  EXPECT_EQ(lines[6]["probabilities"].size(), 2U);
  const int64_t label = lines[0]["label"];
  EXPECT_EQ(lines[0]["answer"], label == 0 ? "A" : "B");
  EXPECT_EQ(lines[0]["text"], label == 0 ? "Ann" : "Bob");
  EXPECT_EQ(lines[0]["score"], lines[0]["probabilities"][static_cast<size_t>(label)]);
  EXPECT_GE(lines[0]["score"], 0.5);
}

TEST_F(Choice, EvalTakesNumbersAndLettersAndRefusesOthers) {
  // The right answers are B A, C B .. of each article; half of them are given.
  const auto labels = [&](const Names& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    write_bytes(folder / "p.txt", text);
    return eval_files("race", "p.txt", "RACE/dev", {"--level", "middle", "--json"});
  };
  const Outcome letters = labels({"A", "D", "B", "C", "A", "A"});
  ASSERT_EQ(letters.code, 0) << letters.err;
  EXPECT_EQ(json::parse(letters.out), (json{{"accuracy", 4.0 / 6},
                                            {"accuracy_middle", 4.0 / 6},
                                            {"examples", 6},
                                            {"examples_middle", 6}}));
  EXPECT_EQ(labels({"0", "3", "1", "2", "0", "0"}).out, letters.out);
  Outcome r = labels({"A", "D", "E", "C", "A", "A"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("p.txt:3: found the label \"E\", wanted one of A, B, C, D")) << r.err;
  EXPECT_TRUE(labels({"A"}).says("p.txt:1: found the end behind 1 predictions, wanted 6"));
  EXPECT_EQ(labels({"A", "A", "A", "A", "A", "A", "A"}).code, 65);
  r = eval_files("race", "p.txt", "swag.csv", {"--level", "middle"});
  EXPECT_TRUE(r.says("swag.csv: no questions in it of the level middle")) << r.err;
}

TEST_F(Choice, WhatDoesNotFitIsRefused) {
  write_model();
  json five = article_of("high", 9);
  five["options"][1].push_back("a whale");
  write_bytes(folder / "RACE/dev/high/9.txt", five.dump());
  Outcome r = race("out", {"--max_steps", "1"});
  EXPECT_EQ(r.code, 65);
  EXPECT_TRUE(r.says("high/9.txt:1: options[1]: found 5 options, wanted 4 as in ")) << r.err;
  fs::remove(folder / "RACE/dev/high/9.txt");
  r = race("out", {"--max_qa_length", "29"});
  EXPECT_TRUE(r.says("max_qa_length 29: wanted 1 to 28")) << r.err;
  EXPECT_EQ(race("out", {"--truncation", "longest"}).code, 2);
  EXPECT_EQ(finetune("choice", "out", {"--max_steps", "1"}).code, 2);
  EXPECT_EQ(race("out", {"--doc_stride", "8"}).code, 2) << "an option of another kind";
  EXPECT_EQ(finetune("race", "out", {"--data_dir", folder / "none"}).code, 66);
  EXPECT_EQ(
      finetune("race", "out", {"--data_dir", folder / "RACE", "--recipe", "huggingface"}).code, 2);
  write_classifier(folder / "model", {{1, 2}}, kSpiece);
  r = run_albert(
      predict({"--task", "race", "--input", folder / "RACE/dev", "--output_dir", folder / "out"}));
  EXPECT_EQ(r.code, 78);
  EXPECT_TRUE(r.says("wanted AlbertForMultipleChoice for --task race")) << r.err;
  // But its encoder is a start for another head.
  r = race("new", {"--max_steps", "1"});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(r.says("new, starts at random: classifier.weight")) << r.err;
}

TEST_F(Choice, RecipesAreThePublishedOnes) {
  const auto printed = [&](const std::string& task, const std::string& recipe) {
    return json::parse(
        run_albert({"finetune", "--task", task, "--recipe", recipe, "--dump_config"}).out);
  };
  const json google = printed("race", "google"), paper = printed("race", "paper"),
             swag = printed("choice", "huggingface");
  EXPECT_EQ(google["learning_rate"], 1e-5);
  EXPECT_EQ(google["max_steps"], 12000);
  EXPECT_EQ(google["truncation"], "google");
  EXPECT_EQ(paper["learning_rate"], 2e-5);
  EXPECT_EQ(paper["hidden_dropout_prob"], 0.1);
  EXPECT_EQ(swag["learning_rate"], 5e-5);
  EXPECT_EQ(swag["train_batch_size"], 16);
  EXPECT_EQ(swag["truncation"], "fast");
}

}  // namespace
}  // namespace albert::testing
