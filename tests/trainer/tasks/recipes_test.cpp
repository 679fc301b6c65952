#include "albert/trainer/tasks/recipes.h"

#include <algorithm>
#include <map>

#include "albert/trainer/tasks/registry.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

using Options = std::map<std::string, std::string>;

Options options_of(const std::string& task, const std::string& name) {
  const Recipe recipe = recipe_of(task, name);
  Options options(recipe.options.begin(), recipe.options.end());
  EXPECT_EQ(options.size(), recipe.options.size()) << "an option twice";
  return options;
}

bool has(const std::string& task, const std::string& name) {
  try {
    recipe_of(task, name);
  } catch (const Error&) {
    return false;
  }
  return true;
}

bool is_of_a_kind(const std::string& option) {
  const auto& kinds = task_kinds();
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const TaskKind& kind) { return kind.training.find(option); });
}

TEST(Recipes, EveryTaskThatIsTrainedHasOneAndItsOptionsAreOfItsKind) {
  for (const TaskSpec& task : tasks()) {
    int recipes = 0;
    for (const std::string& name : recipe_names()) {
      if (!has(task.name, name)) continue;
      ++recipes;
      for (const auto& [option, value] : options_of(task.name, name))
        EXPECT_TRUE(!is_of_a_kind(option) || kind_of(task).training.find(option))
            << task.name << " " << name << " " << option;
    }
    EXPECT_EQ(recipes > 0, !task.train_file.empty()) << task.name;
  }
}

TEST(Recipes, SquadsAreThoseOfThePaperAndOfRunQa) {
  for (const auto& [task, wanted] :
       std::map<std::string, Options>{{"squad1",
                                       {{"learning_rate", "5e-5"},
                                        {"train_batch_size", "48"},
                                        {"max_steps", "3649"},
                                        {"warmup_steps", "365"},
                                        {"max_seq_length", "384"},
                                        {"hidden_dropout_prob", "0"},
                                        {"attention_probs_dropout_prob", "0"},
                                        {"classifier_dropout_prob", "0.1"}}},
                                      {"squad2",
                                       {{"learning_rate", "3e-5"},
                                        {"train_batch_size", "48"},
                                        {"max_steps", "8144"},
                                        {"warmup_steps", "814"},
                                        {"max_seq_length", "512"}}}}) {
    const Options paper = options_of(task, "paper"), run_qa = options_of(task, "huggingface");
    for (const auto& [name, value] : wanted) EXPECT_EQ(paper.at(name), value) << task << name;
    EXPECT_EQ(run_qa.at("learning_rate"), "3e-5");
    EXPECT_EQ(run_qa.at("train_batch_size"), "12");
    EXPECT_EQ(run_qa.at("num_train_epochs"), "2");
    EXPECT_EQ(run_qa.at("max_seq_length"), "384");
    EXPECT_EQ(run_qa.at("doc_stride"), "128");
  }
}

TEST(Recipes, Squad2TakesGooglesHeadWhereThePaperAndGoogleDid) {
  EXPECT_FALSE(has("squad1", "google"));
  const Options google = options_of("squad2", "google"), paper = options_of("squad2", "paper");
  for (const Options& recipe : {google, paper}) {
    EXPECT_EQ(recipe.at("qa_head"), "google");
    EXPECT_EQ(recipe.at("max_context_only"), "true");
    EXPECT_EQ(recipe.at("metric_for_best_model"), "best_f1");
  }
  EXPECT_EQ(google.at("learning_rate"), "5e-5");
  EXPECT_EQ(google.at("num_train_epochs"), "2");
  EXPECT_EQ(google.at("max_seq_length"), "384");
  EXPECT_FALSE(google.contains("max_steps"));
  EXPECT_FALSE(options_of("squad2", "huggingface").contains("qa_head"));
}

TEST(Recipes, WhatATaskDoesNotHaveIsRefusedWithWhatItHas) {
  const Refusal r = refusal_of([] { recipe_of("race", "huggingface"); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("found none for the task race, wanted one of google, paper")) << r.what;
  EXPECT_TRUE(refusal_of([] { recipe_of("rase", "google"); }).says("did you mean race?"));
}

}  // namespace
}  // namespace albert::testing
