#include <cmath>
#include <memory>
#include <ostream>

#include "albert/base/checksum.h"
#include "albert/trainer/tasks/classification/task.h"
#include "apps/cli/training_flags.h"
#include "apps/commands.h"

namespace albert::apps {
namespace {

struct FinetuneFlags {
  std::string task, data_dir, train_file, validation_file, model, config, tokenizer;
  std::string text_column, pair_column, label_column;
  double epochs = 3, label_smoothing = 0;
  int64_t max_seq_length = 128, max_train_samples = 0, max_eval_samples = 0, eval_batch_size = 64;
  std::vector<float> class_weights;
  bool load_best = false;
  TrainingFlags training;
};

// The table's row with what the user says instead.
TaskSpec task_of(const FinetuneFlags& flags) {
  if (flags.task.empty())
    fail(ErrorCode::kUsage, "finetune needs --task; see albert finetune --help");
  TaskSpec task = task_named(flags.task);
  if (!flags.text_column.empty()) task.text_column = flags.text_column;
  if (!flags.pair_column.empty()) task.pair_column = flags.pair_column;
  if (!flags.label_column.empty()) task.label_column = flags.label_column;
  return task;
}

std::filesystem::path file_of(const std::string& given, const FinetuneFlags& flags,
                              const std::string& in_folder, const char* option) {
  if (!given.empty()) return given;
  if (flags.data_dir.empty()) fail(ErrorCode::kUsage, "finetune needs --data_dir, or --", option);
  return std::filesystem::path(flags.data_dir) / in_folder;
}

std::vector<TextExample> read(const std::filesystem::path& path, const TaskSpec& task,
                              int64_t most) {
  auto examples = read_text_examples(path, task);
  if (most > 0 && static_cast<int64_t>(examples.size()) > most)
    examples.resize(static_cast<size_t>(most));
  return examples;
}

AlbertForSequenceClassification make_model(const FinetuneFlags& flags, const TaskSpec& task,
                                           std::ostream& err) {
  ModelOptions options = flags.training.common.model(err);
  options.trainable = true;
  options.allow_missing = true;
  options.seed = flags.training.seed;
  const bool scratch = flags.model.empty();
  if (scratch && flags.config.empty())
    fail(ErrorCode::kUsage,
         "finetune needs --model_name_or_path, or --config_name and --tokenizer_name for a random "
         "start");
  AlbertConfig config = AlbertConfig::from_pretrained(scratch ? flags.config : flags.model);
  config.id2label.clear();
  for (size_t i = 0; i < task.labels.size(); ++i)
    config.id2label[static_cast<int64_t>(i)] = task.labels[i].second;
  config.problem_type = "single_label_classification";
  AlbertForSequenceClassification model(config);
  if (scratch) {
    model.initialize(options);
    return model;
  }
  model.load(flags.model, options);
  print_load_notes(model.load_report(), flags.training.common, err);
  return model;
}

nlohmann::ordered_json frozen_settings(const FinetuneFlags& flags, const AlbertConfig& config,
                                       const ClassificationExamples& examples) {
  auto settings = flags.training.frozen_settings();
  std::string bytes;
  for (const auto& ids : examples.input_ids)
    bytes.append(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int32_t));
  settings["task"] = flags.task;
  settings["data"] = xxh3_128(bytes.data(), bytes.size());
  settings["model"] = flags.model;
  settings["config"] = nlohmann::json::parse(config.to_json());
  settings["label_smoothing"] = flags.label_smoothing;
  return settings;
}

int run(FinetuneFlags& flags, Communicator& ranks, std::ostream& out, std::ostream& err) {
  TaskSpec task = task_of(flags);
  const auto train_path = file_of(flags.train_file, flags, task.train_file, "train_file"),
             dev_path =
                 file_of(flags.validation_file, flags, task.validation_file, "validation_file");
  const auto train_text = read(train_path, task, flags.max_train_samples),
             dev_text = read(dev_path, task, flags.max_eval_samples);
  if (task.labels.empty()) task.labels = labels_found(train_text);
  const auto tokenizer =
      Tokenizer::from_pretrained(flags.tokenizer.empty() ? flags.model : flags.tokenizer);
  const auto training = encode_examples(train_path.string(), train_text, task.labels, *tokenizer,
                                        flags.max_seq_length),
             validation = encode_examples(dev_path.string(), dev_text, task.labels, *tokenizer,
                                          flags.max_seq_length);
  auto model = make_model(flags, task, err);
  TrainingFlags& t = flags.training;
  if (t.max_steps == 0)
    t.max_steps = static_cast<int64_t>(std::ceil(
        flags.epochs * static_cast<double>(training.size()) / static_cast<double>(t.batch_size)));
  ClassificationTask trained(
      model, *tokenizer, training, validation,
      {.batch_size = t.batch_size,
       .accumulation = t.accumulation,
       .eval_batch_size = flags.eval_batch_size,
       .max_seq_length = flags.max_seq_length,
       .seed = t.seed,
       .loss = {flags.class_weights, flags.label_smoothing},
       .keep = t.gradient_checkpointing ? Keep::kRecompute : Keep::kActivations},
      ranks);
  if (!t.common.quiet)
    out << flags.task << ": " << training.size() << " examples (" << training.truncated
        << " truncated), " << validation.size() << " to evaluate, " << task.labels.size()
        << " labels, " << t.max_steps << " steps of " << t.batch_size << std::endl;
  LoopOptions loop = t.loop();
  loop.best_metric = flags.load_best ? task.metric : "";
  loop.load_best_at_end = flags.load_best;
  loop.frozen_settings = frozen_settings(flags, model.config(), training).dump();
  const LoopResult result = train(trained, loop, ranks, err);
  return finish_training(t, result, ranks, out);
}

}  // namespace

Runner declare_finetune(Command& command) {
  const auto flags = std::make_shared<FinetuneFlags>();
  std::vector<std::string> names;
  for (const TaskSpec& task : tasks()) names.push_back(task.name);
  flags->training.warmup = 0.1;
  flags->training.variant = "torch";
  flags->training.logging_steps = 50;
  command.choice("task", flags->task, names, "what to learn");
  command.option("data_dir", flags->data_dir, "folder with the task's files");
  command.option("train_file", flags->train_file, ".tsv or .jsonl, instead of the one in data_dir");
  command.option("validation_file", flags->validation_file,
                 ".tsv or .jsonl, instead of the one in data_dir");
  command.option("text_column", flags->text_column, "column or key of the text");
  command.option("pair_column", flags->pair_column, "column or key of the second text");
  command.option("label_column", flags->label_column, "column or key of the label");
  command.option("model_name_or_path", flags->model, "folder of the pre-trained model");
  command.option("config_name", flags->config, "config.json, for a random start");
  command.option("tokenizer_name", flags->tokenizer,
                 "folder or file of the vocabulary, if not the model's");
  command.option("num_train_epochs", flags->epochs,
                 "passes over the examples, where max_steps is 0");
  command.option("max_seq_length", flags->max_seq_length, "longer texts are truncated");
  command.option("max_train_samples", flags->max_train_samples, "only the first so many; 0: all");
  command.option("max_eval_samples", flags->max_eval_samples, "only the first so many; 0: all");
  command.option("eval_batch_size", flags->eval_batch_size, "examples at once in evaluation");
  command.list("class_weights", flags->class_weights, "one weight a class, by commas");
  command.option("label_smoothing_factor", flags->label_smoothing, "0 to 1");
  command.boolean("load_best_model_at_end", flags->load_best,
                  "keep and end with the checkpoint that evaluated best");
  command.alias("task", {"task_name"});
  command.alias("model_name_or_path", {"init_checkpoint"});
  command.alias("config_name", {"albert_config_file"});
  command.alias("tokenizer_name", {"spm_model_file", "vocab_file"});
  command.alias("validation_file", {"eval_file", "predict_file"});
  command.alias("eval_batch_size", {"per_device_eval_batch_size"});
  add_training(command, flags->training);
  return [flags](std::ostream& out, std::ostream& err) {
    return run_ranks(flags->training,
                     [&](Communicator& ranks) { return run(*flags, ranks, out, err); });
  };
}

}  // namespace albert::apps
