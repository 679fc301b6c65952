#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "albert/trainer/loop/training_loop.h"
#include "apps/cli/task_flags.h"
#include "apps/cli/training_flags.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct FinetuneFlags {
  std::string task, data_dir, train_file, validation_file, model, config, tokenizer;
  double epochs = 3;
  int64_t max_seq_length = 128, max_train_samples = 0, max_eval_samples = 0, eval_batch_size = 64;
  bool load_best = false;
  TaskFlags options{&TaskKind::training};
  TrainingFlags training;
};

std::filesystem::path file_of(const std::string& given, const FinetuneFlags& flags,
                              const std::string& in_folder, const char* option) {
  if (!given.empty()) return given;
  if (flags.data_dir.empty()) fail(ErrorCode::kUsage, "finetune needs --data_dir, or --", option);
  return std::filesystem::path(flags.data_dir) / in_folder;
}

void check_not_negative(const char* option, int64_t value) {
  if (value < 0) fail(ErrorCode::kUsage, "--", option, " ", value, ": wanted 0 or more");
}

FinetuningRequest request_of(const FinetuneFlags& flags, const Command& command,
                             const TaskSpec& task, std::ostream& err) {
  check_not_negative("max_train_samples", flags.max_train_samples);
  check_not_negative("max_eval_samples", flags.max_eval_samples);
  const TrainingFlags& t = flags.training;
  FinetuningRequest request;
  request.train_file = file_of(flags.train_file, flags, task.train_file, "train_file");
  request.validation_file =
      file_of(flags.validation_file, flags, task.validation_file, "validation_file");
  request.max_train_samples = flags.max_train_samples;
  request.max_eval_samples = flags.max_eval_samples;
  request.model = flags.model;
  request.config = flags.config;
  request.tokenizer = flags.tokenizer;
  if (command.is_set("max_seq_length")) request.max_seq_length = flags.max_seq_length;
  request.model_options = t.common.model(err);
  request.sizes = {.batch_size = t.batch_size,
                   .accumulation = t.accumulation,
                   .eval_batch_size = flags.eval_batch_size,
                   .seed = t.seed,
                   .keep = t.gradient_checkpointing ? Keep::kRecompute : Keep::kActivations};
  request.options = flags.options.chosen(command, kind_of(task), task.settings);
  const auto say = [&err, quiet = t.common.quiet](const char* what) {
    return [&err, quiet, what](const std::string& line) {
      if (!quiet) err << "albert: " << what << ": " << line << "\n";
    };
  };
  request.warn = say("warning");
  request.note = say("note");
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

int run(FinetuneFlags& flags, const Command& command, Communicator& ranks, std::ostream& out,
        std::ostream& err) {
  if (flags.task.empty())
    fail(ErrorCode::kUsage, "finetune needs --task; see albert finetune --help");
  const TaskSpec& spec = task_named(flags.task);
  TrainingFlags& t = flags.training;
  const FinetuningRequest request = request_of(flags, command, spec, err);
  const auto task = kind_of(spec).make_task(request, ranks);
  if (t.max_steps == 0)
    t.max_steps = static_cast<int64_t>(
        std::ceil(flags.epochs * static_cast<double>(task->examples(Split::kTraining)) /
                  static_cast<double>(t.batch_size)));
  if (!t.common.quiet)
    out << flags.task << ": " << task->summary() << ", " << t.max_steps << " steps of "
        << t.batch_size << std::endl;
  LoopOptions loop = t.loop();
  loop.best_metric = flags.load_best ? spec.metric : "";
  loop.load_best_at_end = flags.load_best;
  loop.frozen_settings = frozen_settings(flags, request, *task).dump();
  const LoopResult result = train(*task, loop, ranks, err);
  return finish_training(t, result, ranks, out);
}

}  // namespace

Runner declare_finetune(Command& command) {
  const auto flags = std::make_shared<FinetuneFlags>();
  flags->training.warmup = 0.1;
  flags->training.variant = "torch";
  flags->training.logging_steps = 50;
  command.choice("task", flags->task, task_names(), "what to learn");
  command.option("data_dir", flags->data_dir, "folder with the task's files");
  command.option("train_file", flags->train_file,
                 ".tsv, .jsonl or SQuAD's .json, instead of the one in data_dir");
  command.option("validation_file", flags->validation_file,
                 ".tsv, .jsonl or SQuAD's .json, instead of the one in data_dir");
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
  command.option("max_train_samples", flags->max_train_samples, "only the first so many; 0: all");
  command.option("max_eval_samples", flags->max_eval_samples, "only the first so many; 0: all");
  command.option("eval_batch_size", flags->eval_batch_size, "examples at once in evaluation");
  command.boolean("load_best_model_at_end", flags->load_best,
                  "keep and end with the checkpoint that evaluated best");
  command.alias("task", {"task_name"});
  command.alias("model_name_or_path", {"init_checkpoint"});
  command.alias("config_name", {"albert_config_file"});
  command.alias("tokenizer_name", {"spm_model_file", "vocab_file"});
  command.alias("validation_file", {"eval_file", "predict_file"});
  command.alias("eval_batch_size", {"per_device_eval_batch_size"});
  add_training(command, flags->training);
  return [flags, &command](std::ostream& out, std::ostream& err) {
    return run_ranks(flags->training,
                     [&](Communicator& ranks) { return run(*flags, command, ranks, out, err); });
  };
}

}  // namespace albert::apps
