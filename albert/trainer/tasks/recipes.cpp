#include "albert/trainer/tasks/recipes.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

// Table 14, "Hyperparameters for ALBERT in downstream tasks". run_glue.sh has the same, without
// WNLI and without dropout, which it takes from the model.
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
                              Row{"wnli", "2e-5", "16", "0.1", "2000", "250", false}};

const Row* row_of(const std::string& task) {
  const auto at =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return task == row.task; });
  return at == kRows.end() ? nullptr : &*at;
}

// Google's optimizer, and its choice of the best of all checkpoints.
Recipe google_recipe(const Row& row) {
  return {"run_glue.sh of google-research/albert",
          {{"learning_rate", row.learning_rate},
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
           {"truncation", "slow"},
           {"eval_steps", row.task == std::string("qnli") ? "200" : "100"},
           {"load_best_model_at_end", "true"}}};
}

Recipe paper_recipe(const Row& row) {
  Recipe recipe = google_recipe(row);
  recipe.source = "the ALBERT paper, table 14; optimizer as in Google's scripts";
  recipe.options.emplace_back("hidden_dropout_prob", row.dropout);
  recipe.options.emplace_back("attention_probs_dropout_prob", row.dropout);
  return recipe;
}

// And the defaults of transformers' Trainer.
Recipe huggingface_recipe(const std::string& task) {
  return {"the README of transformers' run_glue",
          {{"learning_rate", "2e-5"},
           {"train_batch_size", "32"},
           {"num_train_epochs", task == "mrpc" || task == "wnli" ? "5" : "3"},
           {"warmup_steps", "0"},
           {"max_seq_length", "128"},
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
  return row_of(task) || is_tagging(task) || task == "classify" || task == "multilabel" ||
         task == "regress";
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
  return name == "google" ? google_recipe(*row_of(task)) : paper_recipe(*row_of(task));
}

}  // namespace albert
