#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "albert/base/atomic_file.h"
#include "albert/base/printable.h"
#include "albert/trainer/loop/best_checkpoint.h"
#include "albert/trainer/loop/training_loop.h"
#include "albert/trainer/parallel/launcher.h"
#include "albert/trainer/tasks/recipes.h"
#include "apps/cli/sweep.h"
#include "apps/cli/task_files.h"
#include "apps/cli/task_flags.h"
#include "apps/cli/training_flags.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct FinetuneFlags {
  std::string task, recipe, model, config, tokenizer, best_metric, seeds;
  std::vector<std::string> grid;
  FileFlags files;
  double epochs = 3, patience_threshold = 0;
  double hidden_dropout = 0, attention_dropout = 0, classifier_dropout = 0.1;
  int64_t max_seq_length = 128, max_train_samples = 0, max_eval_samples = 0, eval_batch_size = 64;
  int64_t patience = 0;
  bool load_best = false, greater_is_better = true;
  TaskFlags options{&TaskKind::training};
  TrainingFlags training;
};

void check_not_negative(const char* option, int64_t value) {
  if (value < 0) fail(ErrorCode::kUsage, "--", option, " ", value, ": wanted 0 or more");
}

std::optional<double> if_set(const Command& command, const char* option, double value) {
  return command.is_set(option) ? std::optional(value) : std::nullopt;
}

FinetuningRequest request_of(const FinetuneFlags& flags, const Command& command,
                             const TaskSpec& task, std::ostream& err) {
  check_not_negative("max_train_samples", flags.max_train_samples);
  check_not_negative("max_eval_samples", flags.max_eval_samples);
  const TrainingFlags& t = flags.training;
  FinetuningRequest request;
  const auto say = [&err, quiet = t.common.quiet](const char* what) {
    return [&err, quiet, what](const std::string& line) {
      if (!quiet) err << "albert: " << what << ": " << line << "\n";
    };
  };
  request.warn = say("warning");
  request.note = say("note");
  const TrainingFiles files = training_files(task, flags.files, request.note);
  request.train_file = files.train;
  request.validation_file = files.validation;
  request.held_out = files.held_out;
  request.more_validation_files = files.more_validation;
  request.max_train_samples = flags.max_train_samples;
  request.max_eval_samples = flags.max_eval_samples;
  request.model = flags.model;
  request.config = flags.config;
  request.tokenizer = flags.tokenizer;
  if (command.is_set("max_seq_length")) request.max_seq_length = flags.max_seq_length;
  request.model_options = t.common.model(err);
  request.sizes = {.batch_size = t.batch_size,
                   .eval_batch_size = flags.eval_batch_size,
                   .seed = t.seed,
                   .keep = t.gradient_checkpointing ? Keep::kRecompute : Keep::kActivations};
  request.options = flags.options.chosen(command, kind_of(task), task.settings);
  request.hidden_dropout = if_set(command, "hidden_dropout_prob", flags.hidden_dropout);
  request.attention_dropout =
      if_set(command, "attention_probs_dropout_prob", flags.attention_dropout);
  request.classifier_dropout = if_set(command, "classifier_dropout_prob", flags.classifier_dropout);
  return request;
}

nlohmann::ordered_json frozen_settings(const FinetuneFlags& flags, const FinetuningRequest& request,
                                       FinetuningTask& task) {
  auto settings = flags.training.frozen_settings();
  settings["task"] = flags.task;
  settings["data"] = task.data_hash();
  settings["model"] = flags.model;
  settings["config"] = nlohmann::json::parse(task.model().config().to_json());
  for (const TaskOption& option : request.options.all())
    std::visit([&](const auto& value) { settings[option.name] = value; }, option.value);
  return settings;
}

// "accuracy", also where transformers' users say "eval_accuracy".
std::string metric_of(const std::string& name) {
  const std::string prefix = "eval_";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

// The user's metric, else the task's, else the first but the loss.
std::string best_metric(const FinetuneFlags& flags, const TaskSpec& spec,
                        const FinetuningTask& task) {
  const std::vector<std::string> known = task.metric_names();
  const bool asked = !flags.best_metric.empty();
  const std::string name = asked ? metric_of(flags.best_metric) : spec.metric;
  if (known.empty() || std::find(known.begin(), known.end(), name) != known.end()) return name;
  if (asked)
    fail(ErrorCode::kUsage, "--metric_for_best_model: found ", printable(name), ", wanted ",
         one_of(known), "; --metrics names what is computed");
  return known.at(known.size() > 1 ? 1 : 0);
}

LoopOptions loop_of(const FinetuneFlags& flags, const Command& command, const TaskSpec& spec,
                    const FinetuningTask& task, const Communicator& ranks) {
  LoopOptions loop = flags.training.loop(ranks);
  loop.load_best_at_end = flags.load_best;
  loop.early_stopping_patience = flags.patience;
  loop.early_stopping_threshold = flags.patience_threshold;
  if (!flags.load_best && flags.patience == 0) return loop;
  if (flags.patience > 0 && flags.training.eval_steps == 0)
    fail(ErrorCode::kUsage, "--early_stopping_patience needs --eval_steps");
  loop.best_metric = best_metric(flags, spec, task);
  loop.best_is_greater = command.is_set("greater_is_better") ? flags.greater_is_better
                                                             : greater_is_better(loop.best_metric);
  return loop;
}

// eval_results.json, with the names that transformers' run_glue gives.
void write_results(const FinetuneFlags& flags, const FinetuningTask& task,
                   const LoopResult& result) {
  const Metrics samples = task.sample_counts();
  nlohmann::json results;
  for (const auto& [name, value] : result.evaluation.values()) results["eval_" + name] = value;
  for (const auto& [name, value] : samples.values())
    results["eval_" + name] = static_cast<int64_t>(value);
  const auto seen = static_cast<double>(result.step * flags.training.batch_size);
  results["epoch"] = seen / static_cast<double>(task.examples(Split::kTraining));
  write_file_atomically(std::filesystem::path(flags.training.output_dir) / "eval_results.json",
                        results.dump(4) + "\n");
}

std::vector<std::string> recipe_arguments(const FinetuneFlags& flags, const Command& command) {
  std::vector<std::string> arguments;
  if (flags.recipe.empty() || flags.task.empty()) return arguments;
  for (const auto& [name, value] : recipe_of(flags.task, flags.recipe).options)
    if (name != "max_steps" || !command.is_set("num_train_epochs"))
      arguments.push_back("--" + name + "=" + value);
  return arguments;
}

int run(FinetuneFlags& flags, const Command& command, Communicator& ranks, std::ostream& out,
        std::ostream& err) {
  if (flags.task.empty())
    fail(ErrorCode::kUsage, "finetune needs --task; see albert finetune --help");
  const TaskSpec& spec = task_named(flags.task);
  TrainingFlags& t = flags.training;
  if (!flags.recipe.empty() && !t.common.quiet)
    print_recipe(flags.recipe, recipe_of(flags.task, flags.recipe), out);
  const FinetuningRequest request = request_of(flags, command, spec, err);
  const auto task = kind_of(spec).make_task(request);
  if (t.max_steps == 0)
    t.max_steps = static_cast<int64_t>(
        std::ceil(flags.epochs * static_cast<double>(task->examples(Split::kTraining)) /
                  static_cast<double>(t.batch_size)));
  if (!t.common.quiet)
    out << flags.task << ": " << task->summary() << ", " << t.max_steps << " steps of "
        << t.batch_size << std::endl;
  LoopOptions loop = loop_of(flags, command, spec, *task, ranks);
  loop.frozen_settings = frozen_settings(flags, request, *task).dump();
  const LoopResult result = train(*task, loop, ranks, err);
  if (ranks.leads() && result.end == LoopEnd::kDone) {
    write_results(flags, *task, result);
    write_report_details(t.output_dir, task->details());
  }
  if (!task->advice().empty()) request.warn(task->advice());
  return finish_training(t, result, ranks, out);
}

int sweep(const FinetuneFlags& flags, const Command& command, std::ostream& out,
          std::ostream& err) {
  const auto launched = launched_rank();
  if (flags.training.ranks > 1 || (launched && launched->size > 1))
    fail(ErrorCode::kUsage, flags.grid.empty() ? "--seeds" : "--grid",
         ": found several ranks, wanted one: runs of a sweep have one process");
  SweepRequest request{.seeds = flags.seeds,
                       .grid = flags.grid,
                       .output_dir = flags.training.output_dir,
                       .metric = metric_of(flags.best_metric),
                       .anew = flags.training.overwrite,
                       .quiet = flags.training.common.quiet,
                       .options = command.dump()};
  if (request.metric.empty() && !flags.task.empty()) request.metric = task_named(flags.task).metric;
  if (command.is_set("greater_is_better")) request.greater_is_better = flags.greater_is_better;
  return run_sweep(request, out, err);
}

void declare_sweep(Command& command, FinetuneFlags& flags) {
  command.option("seeds", flags.seeds,
                 "a run with each of these seeds, 1..5 or 1,2,3, in folders of output_dir");
  command.texts("grid", flags.grid, "OPTION=VALUE,..",
                "a run with each combination of these values, in folders of output_dir");
}

void declare_best(Command& command, FinetuneFlags& flags) {
  command.boolean("load_best_model_at_end", flags.load_best,
                  "keep and end with the checkpoint that evaluated best");
  command.option("metric_for_best_model", flags.best_metric,
                 "by which it is chosen; else the task's own");
  command.boolean("greater_is_better", flags.greater_is_better,
                  "of that metric; else true, but for loss, mse and mae");
  command.option("early_stopping_patience", flags.patience,
                 "evaluations in a row without gain after which the run ends; 0: it does not");
  command.option("early_stopping_threshold", flags.patience_threshold,
                 "what the metric must gain to count");
  command.omit_unless_set("greater_is_better");
  command.limit("early_stopping_patience", 0);
  command.limit("early_stopping_threshold", 0);
}

void declare_dropout(Command& command, FinetuneFlags& flags) {
  command.option("hidden_dropout_prob", flags.hidden_dropout, "instead of config.json's");
  command.option("attention_probs_dropout_prob", flags.attention_dropout,
                 "instead of config.json's");
  command.option("classifier_dropout_prob", flags.classifier_dropout, "instead of config.json's");
  for (const char* name :
       {"hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"}) {
    command.omit_unless_set(name);
    command.hide_default(name);
    command.limit(name, 0, 1);
  }
}

}  // namespace

Runner declare_finetune(Command& command) {
  const auto flags = std::make_shared<FinetuneFlags>();
  flags->training.warmup = 0.1;
  flags->training.variant = "torch";
  flags->training.logging_steps = 50;
  command.choice("task", flags->task, task_names(), "what to learn");
  command.choice("recipe", flags->recipe, recipe_names(),
                 "published hyper-parameters of the task (docs/tasks.md)");
  command.option("data_dir", flags->files.data_dir, "folder with the task's files");
  command.option(
      "train_file", flags->files.train_file,
      ".tsv, .csv, .jsonl, CoNLL's columns or SQuAD's .json, instead of the one in data_dir");
  command.option(
      "validation_file", flags->files.validation_file,
      ".tsv, .csv, .jsonl, CoNLL's columns or SQuAD's .json, instead of the one in data_dir");
  flags->options.declare(command);
  command.option("model_name_or_path", flags->model, "folder of the pre-trained model");
  command.option("config_name", flags->config, "config.json, for a random start");
  command.option("tokenizer_name", flags->tokenizer,
                 "folder or file of the vocabulary, if not the model's");
  command.option("num_train_epochs", flags->epochs,
                 "passes over the examples, where max_steps is 0");
  command.option("max_seq_length", flags->max_seq_length,
                 "longer texts are truncated or read in windows; at most the model's positions");
  command.omit_unless_set("max_seq_length");
  command.hide_default("max_seq_length");
  command.option("max_train_samples", flags->max_train_samples, "only the first so many; 0: all");
  command.option("max_eval_samples", flags->max_eval_samples, "only the first so many; 0: all");
  command.option("eval_batch_size", flags->eval_batch_size, "examples at once in evaluation");
  declare_sweep(command, *flags);
  declare_best(command, *flags);
  declare_dropout(command, *flags);
  command.alias("task", {"task_name"});
  command.alias("model_name_or_path", {"init_checkpoint"});
  command.alias("config_name", {"albert_config_file"});
  command.alias("tokenizer_name", {"spm_model_file", "vocab_file"});
  command.alias("validation_file", {"eval_file", "predict_file"});
  command.alias("eval_batch_size", {"per_device_eval_batch_size"});
  add_training(command, flags->training);
  command.presets([flags, &command] { return recipe_arguments(*flags, command); });
  return [flags, &command](std::ostream& out, std::ostream& err) {
    if (!flags->seeds.empty() || !flags->grid.empty()) return sweep(*flags, command, out, err);
    return run_ranks(flags->training, command,
                     [&](Communicator& ranks) { return run(*flags, command, ranks, out, err); });
  };
}

}  // namespace albert::apps
