// `albert finetune --seeds --grid`: runs in folders of their own, their table, and going on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/task_runs.h"

namespace albert::testing {
namespace {

using nlohmann::json;

class Sweep : public TaskRuns {
 protected:
  Sweep() : TaskRuns(ALBERT_GOLDEN_DIR) {}
  Outcome sweep(const Names& more) const {
    Names all = {"--task", "rte", "--data_dir", data(rte_case().files), "--max_seq_length", "40"};
    all.insert(all.end(), more.begin(), more.end());
    return finetune(all);
  }
  // Without --overwrite_output_dir, which has every run trained.
  Outcome go_on(const Names& more) const {
    Names all = more;
    all.emplace_back("--no_overwrite_output_dir");
    return sweep(all);
  }
  std::string model(const std::string& run) const {
    return read_bytes(folder / ("out/" + run + "/model.safetensors"));
  }
  json report() const { return json::parse(read_bytes(folder / "out/sweep.json")); }
  json results(const std::string& run) const {
    return json::parse(read_bytes(folder / ("out/" + run + "/eval_results.json")));
  }
};

size_t times(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(Sweep, EachCombinationIsARunAsItWouldBeAlone) {
  const Outcome r = sweep({"--seeds", "7..8", "--grid", "learning_rate=1e-3,1e-2"});
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(report()["runs"].size(), 4U);
  const std::string swept = model("learning_rate=1e-2,seed=8");
  EXPECT_NE(swept, model("learning_rate=1e-2,seed=7"));
  EXPECT_NE(swept, model("learning_rate=1e-3,seed=8"));
  ASSERT_EQ(sweep({"--seed", "8", "--learning_rate", "1e-2"}).code, 0);
  EXPECT_EQ(swept, read_bytes(folder / "out/model.safetensors"));
}

TEST_F(Sweep, TheTableHasMeanDeviationAndBestOfTheSeeds) {
  const Outcome r = sweep({"--seeds", "1,2,3", "--metric_for_best_model", "eval_loss"});
  ASSERT_EQ(r.code, 0) << r.err;
  std::vector<double> losses;
  for (const char* run : {"seed=1", "seed=2", "seed=3"})
    losses.push_back(results(run)["eval_loss"].get<double>());
  const double mean = (losses[0] + losses[1] + losses[2]) / 3;
  double squares = 0;
  for (const double loss : losses) squares += (loss - mean) * (loss - mean);
  const json group = report()["groups"].at(0);
  EXPECT_EQ(group["runs"], 3);
  EXPECT_NEAR(group["mean"].get<double>(), mean, 1e-12);
  EXPECT_NEAR(group["deviation"].get<double>(), std::sqrt(squares / 2), 1e-12);
  const auto least = std::min_element(losses.begin(), losses.end());
  EXPECT_EQ(group["best"], *least);
  EXPECT_EQ(group["best_run"], "seed=" + std::to_string(least - losses.begin() + 1));
  EXPECT_NE(r.out.find("best run\n"), std::string::npos) << r.out;
}

TEST_F(Sweep, ASecondSweepTrainsWhatIsNotComplete) {
  const Names both = {"--seeds", "1..2", "--save_steps", "1"};
  ASSERT_EQ(sweep(both).code, 0);
  const std::string first = model("seed=1"), second = model("seed=2");
  // As a run leaves it that is killed behind its first checkpoint.
  for (const char* file : {"eval_results.json", "model.safetensors", "checkpoint-2"})
    ASSERT_GT(std::filesystem::remove_all(folder / ("out/seed=2/" + std::string(file))), 0U);
  write_bytes(folder / "out/seed=1/model.safetensors", "kept");
  const Outcome r = go_on(both);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(times(r.out, "is complete"), 1U) << r.out;
  EXPECT_EQ(model("seed=1"), "kept");
  EXPECT_EQ(model("seed=2"), second);
  EXPECT_EQ(report()["groups"].at(0)["runs"], 2);
}

TEST_F(Sweep, ARunWithOtherOptionsIsNotTakenForComplete) {
  ASSERT_EQ(sweep({"--seeds", "1"}).code, 0);
  const Outcome r = go_on({"--seeds", "1", "--weight_decay", "0.5"});
  EXPECT_NE(r.code, 0);
  EXPECT_TRUE(r.says("weight_decay")) << r.err;
}

TEST_F(Sweep, ARunThatFailsIsInTheTable) {
  std::filesystem::create_directory(folder / "out");
  write_bytes(folder / "out/learning_rate=1e-2", "in the way of its folder");
  const Outcome r = sweep({"--grid", "learning_rate=1e-2,1e-3"});
  EXPECT_EQ(r.code, 74) << r.err;
  const json runs = report()["runs"];
  EXPECT_EQ(runs.at(0)["exit_code"], r.code);
  EXPECT_EQ(runs.at(1)["exit_code"], 0);
  EXPECT_EQ(report()["groups"].at(0)["runs"], 0);
}

TEST_F(Sweep, WhatMeansNothingIsRefusedBeforeAnyRun) {
  const std::vector<std::pair<Names, std::string>> cases = {
      {{"--seeds", "3..1"}, "--seeds: found \"3..1\""},
      {{"--seeds", "one"}, "--seeds: found \"one\", wanted 1..5, or 1,2,3"},
      {{"--seeds", "1,1"}, "--seeds: found seed=1 twice"},
      {{"--seeds", "1", "--grid", "seed=2"}, "found seed twice"},
      {{"--grid", "learning_rate"}, "wanted OPTION=VALUE,VALUE"},
      {{"--grid", "learning_rate=1e-3,x"}, "--learning_rate x: wanted a number"},
      {{"--grid", "learning_rat=1e-3"}, "did you mean --learning_rate?"},
      {{"--grid", "output_dir=a,b"}, "--grid: found output_dir"},
      {{"--grid", "output-dir=a,b"}, "--grid: found output_dir"},
      {{"--grid", "task_name=sst2,rte"}, "--grid: found task"},
      {{"--grid", "seeds=1,2"}, "--grid: found a sweep"}};
  for (const auto& [arguments, message] : cases) {
    const Outcome r = sweep(arguments);
    EXPECT_EQ(r.code, 2) << message;
    EXPECT_TRUE(r.says(message)) << r.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  }
}

}  // namespace
}  // namespace albert::testing
