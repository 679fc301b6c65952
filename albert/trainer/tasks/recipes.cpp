#include "albert/trainer/tasks/recipes.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

constexpr const char *kRace = "race", *kChoice = "choice";

// Table 14, "Hyperparameters for ALBERT in downstream tasks". Google's scripts have the same,
// without WNLI and without dropout, which they take from the model.
struct Row {
  const char *task, *learning_rate, *batch, *dropout, *steps, *warmup;
  bool in_google_script = true;
};
constexpr std::array kRows = {Row{"cola", "1e-5", "16", "0", "5336", "320"},
                              Row{"stsb", "2e-5", "16", "0", "3598", "214"},
                              Row{"sst2", "1e-5", "32", "0", "20935", "1256"},
                              Row{"mnli", "3e-5", "128", "0", "10000", "1000"},
                              Row{"qnli", "1e-5", "32", "0", "33112", "1986"},
                              Row{"qqp", "5e-5", "128", "0.1", "14000", "1000"},
                              Row{"rte", "3e-5", "32", "0.1", "800", "200"},
                              Row{"mrpc", "2e-5", "32", "0", "800", "200"},
                              Row{"wnli", "2e-5", "16", "0.1", "2000", "250", false},
                              Row{kRace, "2e-5", "32", "0.1", "12000", "1000"}};

const Row* row_of(const std::string& task) {
  const auto at =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return task == row.task; });
  return at == kRows.end() ? nullptr : &*at;
}

bool is_race(const std::string& task) { return task == kRace; }

// Google's optimizer, and its choice of the best of all checkpoints.
Recipe google_recipe(const Row& row, const char* learning_rate) {
  return {
      std::string(is_race(row.task) ? "run_race.py" : "run_glue.sh") + " of google-research/albert",
      {{"learning_rate", learning_rate},
       {"train_batch_size", row.batch},
       {"max_steps", row.steps},
       {"warmup_steps", row.warmup},
       {"max_seq_length", "512"},
       {"lr_scheduler_type", "google"},
       {"optim", "adamw"},
       {"optim_variant", "google"},
       {"weight_decay", "0.01"},
       {"adam_epsilon", "1e-6"},
       {"max_grad_norm", "1"},
       {"classifier_dropout_prob", "0.1"},
       {"truncation", is_race(row.task) ? "google" : "slow"},
       {"eval_steps", row.task == std::string("qnli") ? "200" : "100"},
       {"load_best_model_at_end", "true"}}};
}

Recipe paper_recipe(const Row& row) {
  Recipe recipe = google_recipe(row, row.learning_rate);
  recipe.source = "the ALBERT paper, table 14; optimizer as in Google's scripts";
  recipe.options.emplace_back("hidden_dropout_prob", row.dropout);
  recipe.options.emplace_back("attention_probs_dropout_prob", row.dropout);
  return recipe;
}

// And the defaults of transformers' Trainer.
Recipe huggingface_recipe(const std::string& task) {
  const bool swag = task == kChoice;
  return {std::string("the README of transformers' ") + (swag ? "run_swag" : "run_glue"),
          {{"learning_rate", swag ? "5e-5" : "2e-5"},
           {"train_batch_size", swag ? "16" : "32"},
           {"num_train_epochs", task == "mrpc" || task == "wnli" ? "5" : "3"},
           {"warmup_steps", "0"},
           {"max_seq_length", swag ? "512" : "128"},
           {"lr_scheduler_type", "linear"},
           {"optim", "adamw"},
           {"optim_variant", "torch"},
           {"weight_decay", "0"},
           {"adam_epsilon", "1e-8"},
           {"max_grad_norm", "1"},
           {"truncation", "fast"}}};
}

// The README of run_ner names no options, so that they are those of transformers' Trainer.
Recipe run_ner_recipe() {
  return {"transformers' run_ner with the defaults of its Trainer, as in its README",
          {{"learning_rate", "5e-5"},
           {"train_batch_size", "8"},
           {"num_train_epochs", "3"},
           {"warmup_steps", "0"},
           {"max_seq_length", "512"},
           {"lr_scheduler_type", "linear"},
           {"optim", "adamw"},
           {"optim_variant", "torch"},
           {"weight_decay", "0"},
           {"adam_epsilon", "1e-8"},
           {"max_grad_norm", "1"}}};
}

bool is_tagging(const std::string& task) {
  return task == "ner" || task == "germeval14" || task == "tag";
}

bool has_huggingface(const std::string& task) {
  if (is_race(task)) return false;
  return row_of(task) || is_tagging(task) || task == kChoice || task == "classify" ||
         task == "multilabel" || task == "regress";
}

std::vector<std::string> recipes_of(const std::string& task) {
  const Row* row = row_of(task);
  std::vector<std::string> names;
  if (row && row->in_google_script) names.emplace_back("google");
  if (has_huggingface(task)) names.emplace_back("huggingface");
  if (row) names.emplace_back("paper");
  return names;
}

}  // namespace

std::vector<std::string> recipe_names() { return {"google", "huggingface", "paper"}; }

Recipe recipe_of(const std::string& task, const std::string& name) {
  const std::vector<std::string> known = recipes_of(task);
  if (std::find(known.begin(), known.end(), name) == known.end())
    fail(ErrorCode::kUsage, "--recipe ", name, ": found none for the task ", printable(task),
         known.empty() ? "" : ", wanted " + one_of(known));
  if (name == "huggingface") return is_tagging(task) ? run_ner_recipe() : huggingface_recipe(task);
  const Row& row = *row_of(task);
  if (name == "paper") return paper_recipe(row);
  // run_race has another rate than the paper: that of the models of version 2.
  return google_recipe(row, is_race(task) ? "1e-5" : row.learning_rate);
}

}  // namespace albert
