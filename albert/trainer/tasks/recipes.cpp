#include "albert/trainer/tasks/recipes.h"

#include <algorithm>
#include <array>

#include "albert/base/error.h"
#include "albert/base/printable.h"
#include "albert/trainer/tasks/registry.h"

namespace albert {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

constexpr const char *kRace = "race", *kSquad2 = "squad2", *kGlueScript = "run_glue.sh";

// Table 14, "Hyperparameters for ALBERT in downstream tasks", as Google's scripts have it for their
// tasks: without dropout, which they take from the model.
struct Row {
  const char *task, *learning_rate, *batch, *dropout, *steps, *warmup;
  // Null where Google's scripts do not have the task, or have it with another head.
  const char* script = kGlueScript;
  const char* max_seq_length = "512";
  // Updates between the checkpoints of which Google's scripts take the best.
  const char* eval_steps = "100";
};
constexpr std::array kRows = {
    Row{"cola", "1e-5", "16", "0", "5336", "320"},
    Row{"stsb", "2e-5", "16", "0", "3598", "214"},
    Row{"sst2", "1e-5", "32", "0", "20935", "1256"},
    Row{"mnli", "3e-5", "128", "0", "10000", "1000"},
    Row{"qnli", "1e-5", "32", "0", "33112", "1986", kGlueScript, "512", "200"},
    Row{"qqp", "5e-5", "128", "0.1", "14000", "1000"},
    Row{"rte", "3e-5", "32", "0.1", "800", "200"},
    Row{"mrpc", "2e-5", "32", "0", "800", "200"},
    Row{"wnli", "2e-5", "16", "0.1", "2000", "250", nullptr},
    Row{kRace, "2e-5", "32", "0.1", "12000", "1000", "run_race.py"},
    Row{"squad1", "5e-5", "48", "0", "3649", "365", nullptr, "384", "1000"},
    Row{kSquad2, "3e-5", "48", "0", "8144", "814", "run_squad_v2.py", "512", "1000"}};

const Row* row_of(const std::string& task) {
  const auto at =
      std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return task == row.task; });
  return at == kRows.end() ? nullptr : &*at;
}

// Adds Google's optimizer, its choice of the best of all checkpoints, and what its scripts do
// otherwise than transformers'.
Options google_options(const Row& row, Options options) {
  options.insert(options.end(), {{"lr_scheduler_type", "google"},
                                 {"optim", "adamw"},
                                 {"optim_variant", "google"},
                                 {"weight_decay", "0.01"},
                                 {"adam_epsilon", "1e-6"},
                                 {"max_grad_norm", "1"},
                                 {"classifier_dropout_prob", "0.1"},
                                 {"eval_steps", row.eval_steps},
                                 {"load_best_model_at_end", "true"}});
  const std::string kind = task_named(row.task).kind;
  if (kind == "choice") options.emplace_back("truncation", "google");
  if (kind != "choice" && kind != "span") options.emplace_back("truncation", "slow");
  if (row.task == std::string(kSquad2))
    options.insert(options.end(), {{"qa_head", "google"},
                                   {"max_context_only", "true"},
                                   {"metric_for_best_model", "best_f1"}});
  return options;
}

// What the table sets.
Options sizes_of(const Row& row, const char* learning_rate) {
  return {{"learning_rate", learning_rate},
          {"train_batch_size", row.batch},
          {"max_steps", row.steps},
          {"warmup_steps", row.warmup},
          {"max_seq_length", row.max_seq_length}};
}

Recipe google_recipe(const Row& row) {
  // run_race has another rate than the paper: that of the models of version 2.
  const char* rate = std::string(row.task) == kRace ? "1e-5" : row.learning_rate;
  Options sizes = sizes_of(row, rate);
  // Its README sets batch and epochs; the rest is the script's own.
  if (row.task == std::string(kSquad2))
    sizes = {{"learning_rate", "5e-5"},
             {"train_batch_size", row.batch},
             {"num_train_epochs", "2"},
             {"warmup_steps", "0.1"},
             {"max_seq_length", "384"}};
  return {std::string(row.script) + " of google-research/albert",
          google_options(row, std::move(sizes))};
}

Recipe paper_recipe(const Row& row) {
  Options options = google_options(row, sizes_of(row, row.learning_rate));
  options.emplace_back("hidden_dropout_prob", row.dropout);
  options.emplace_back("attention_probs_dropout_prob", row.dropout);
  return {"the ALBERT paper, table 14; optimizer as in Google's scripts", options};
}

// What READMEs of transformers' scripts set, and the defaults of its Trainer.
Recipe trainer_recipe(const std::string& source, Options options) {
  const Options defaults = {{"warmup_steps", "0"}, {"lr_scheduler_type", "linear"},
                            {"optim", "adamw"},    {"optim_variant", "torch"},
                            {"weight_decay", "0"}, {"adam_epsilon", "1e-8"},
                            {"max_grad_norm", "1"}};
  options.insert(options.end(), defaults.begin(), defaults.end());
  return {source, options};
}

Recipe huggingface_recipe(const TaskSpec& task) {
  const auto own = [](const char* learning_rate, const char* batch, const char* epochs,
                      const char* max_seq_length) {
    return Options{{"learning_rate", learning_rate},
                   {"train_batch_size", batch},
                   {"num_train_epochs", epochs},
                   {"max_seq_length", max_seq_length}};
  };
  const std::string readme = "the README of transformers' ";
  // The README of run_ner names no options, so that all are those of the Trainer.
  if (task.kind == "tagging")
    return trainer_recipe(
        "transformers' run_ner with the defaults of its Trainer, as in its README",
        own("5e-5", "8", "3", "512"));
  Options options = task.kind == "span"                          ? own("3e-5", "12", "2", "384")
                    : task.kind == "choice"                      ? own("5e-5", "16", "3", "512")
                    : task.name == "mrpc" || task.name == "wnli" ? own("2e-5", "32", "5", "128")
                                                                 : own("2e-5", "32", "3", "128");
  if (task.kind == "span") {
    options.emplace_back("doc_stride", "128");
    return trainer_recipe(readme + "run_qa", options);
  }
  options.emplace_back("truncation", "fast");
  return trainer_recipe(readme + (task.kind == "choice" ? "run_swag" : "run_glue"), options);
}

std::vector<std::string> recipes_of(const TaskSpec& task) {
  const Row* row = row_of(task.name);
  const bool trained = !task.train_file.empty();
  std::vector<std::string> names;
  if (row && row->script) names.emplace_back("google");
  if (trained && task.name != kRace) names.emplace_back("huggingface");
  if (row) names.emplace_back("paper");
  return names;
}

}  // namespace

std::vector<std::string> recipe_names() { return {"google", "huggingface", "paper"}; }

Recipe recipe_of(const std::string& task, const std::string& name) {
  const TaskSpec& spec = task_named(task);
  const std::vector<std::string> known = recipes_of(spec);
  if (std::find(known.begin(), known.end(), name) == known.end())
    fail(ErrorCode::kUsage, "--recipe ", name, ": found none for the task ", task,
         known.empty() ? "" : ", wanted " + one_of(known));
  if (name == "huggingface") return huggingface_recipe(spec);
  const Row& row = *row_of(task);
  return name == "paper" ? paper_recipe(row) : google_recipe(row);
}

}  // namespace albert
